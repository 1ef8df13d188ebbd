// The options that several commands share, and the parsers of option values.

import { type Command, InvalidArgumentError, Option } from 'commander'
import { hazardsToAllow } from '../core/plan.ts'
import type { GivenVariables } from '../library/load-manifest.ts'
import { formats, planFormats, validationFormats } from '../render/formats.ts'
import { durationMilliseconds } from './duration.ts'
import type { Shard } from './fleet/choose.ts'

/** Functions, because commander changes an option when it is added to a command. */
export const options = {
  manifest: () =>
    manifestFiles('Manifest to read: a file, a folder, or - for standard input; repeatable').default(
      ['fdwsync.yaml'],
      'fdwsync.yaml',
    ),
  variables: () =>
    new Option('--var <name=value>', 'Set a variable of the manifest; repeatable').argParser(collectVariable),
  allowFiles: () =>
    repeatable('--allow-files <folder>', 'Let ${file:…} read files of this folder, too; repeatable', 'none'),
  database: () => new Option('--database <url>', 'Target database; default: DATABASE_URL, else the PG* variables'),
  target: () =>
    new Option('--target <label>', 'Label of the database in a saved plan: one with another label is refused')
      .env('FDWSYNC_TARGET')
      .argParser(notEmpty),
  ledgerOwner: () =>
    new Option('--ledger-owner <role>', 'Trust a ledger that belongs to this role').env('FDWSYNC_LEDGER_OWNER'),
  format: () => formatOption(formats),
  planFormat: () => formatOption(planFormats),
  validationFormat: () => formatOption(validationFormats),
  width: () =>
    new Option('--width <columns>', 'Width to break lines at; default: COLUMNS, else that of the terminal').argParser(
      parseWidth,
    ),
  log: () =>
    new Option('--log <format>', 'Log events, statements and messages on standard error as json').choices(['json']),
  events: () =>
    new Option(
      '--events <file>',
      'Write what happens as JSON, a document on each line; - is standard output',
    ).argParser(notEmpty),
  verbose: () =>
    new Option('--verbose', 'List every object, however many are alike, and log statements on standard error'),
  jobs: () => new Option('--jobs <number>', 'Maximum number of concurrent loads').argParser(parseJobs).default(4),
  sourceTimeout: () => timeout('--source-timeout', 'How long to wait for a source to answer').default(10_000, '10s'),
  refreshTimeout: () => timeout('--timeout', 'Cancel a refresh that takes longer, in place of the declared timeouts'),
  lockTimeout: () => duration('--lock-timeout', 'How long to wait for a lock before retrying', '3s'),
  leaseTimeout: () =>
    duration('--lease-timeout', 'How long to wait for another apply or refresh of the manifest', '30s'),
  offline: () => new Option('--offline', 'Skip contacting sources; use the last imported definitions'),
  verify: (description: string) => new Option('--verify', description),
  checkSource: () => new Option('--check-source', 'Compare foreign tables with their sources'),
  noCheckSource: () =>
    new Option('--no-check-source', 'Do not try new and changed foreign tables against their sources'),
  showValues: () => new Option('--show-values', 'Show what references resolve to, except secrets'),
  only: () =>
    repeatable(
      '--only <pattern>',
      'Only what matches (shop.*, server:shop; + adds dependents) and what it needs; repeatable',
    ),
  takeOver: () => new Option('--take-over', 'Take over objects that other manifests own'),
  populate: () => new Option('--no-populate', 'Do not load new materialized views'),
  allow: () =>
    new Option('--allow <hazard>', 'Allow a hazard; repeatable').choices(hazardsToAllow).argParser(collectHazard),
  kind: () => repeatable('--kind <kind>', 'Only objects of this kind, such as foreign-table; repeatable'),
  servers: () => repeatable('--server <name>', 'Only this server, its dependents, and what they need; repeatable'),
  schemas: () => repeatable('--schema <name>', 'Only this schema, its contents, and what they need; repeatable'),
  schemasToMirror: () =>
    repeatable('--schema <name>', 'Schema of the source to mirror; repeatable', 'public, or all that the source has'),
  port: () => new Option('--port <number>', 'Port of the source').argParser(parsePort).default(5432),
  targets: () =>
    new Option('--targets <file>', 'Run on every database of this file, each by itself').argParser(notEmpty),
  parallel: () =>
    new Option('--parallel <number>', 'With --targets: how many run at once; 4 by default').argParser(parseJobs),
  shard: () =>
    new Option('--shard <index/count>', 'With --targets: only this part of them, from 0/N').argParser(parseShard),
  canary: () => new Option('--canary <name>', 'With --targets: first this one; the others only if it succeeds'),
  labels: () => repeatable('--label <name=value>', 'With --targets: only those with this label; repeatable'),
  limit: () =>
    new Option('--limit <number>', 'Maximum number of applies, newest first').argParser(parseLimit).default(20),
} as const

function formatOption(offered: object): Option {
  return new Option('--format <format>', 'Output format').choices(Object.keys(offered)).default('text')
}

/** A default of commander would stay in the list, before the files that are given. */
export function manifestFiles(description: string): Option {
  let given: readonly string[] = []
  return new Option('-f, --file <path>', description).argParser((path: string) => {
    if (path === '') throw new InvalidArgumentError('Expected a file, a folder or -.')
    given = [...given, path]
    return given
  })
}

function collectVariable(text: string, previous: GivenVariables | undefined): GivenVariables {
  const at = text.indexOf('=')
  const name = text.slice(0, at)
  if (at < 1) throw new InvalidArgumentError('Expected NAME=VALUE.')
  if (previous && Object.hasOwn(previous, name)) throw new InvalidArgumentError(`"${name}" is set twice.`)
  return { ...previous, [name]: text.slice(at + 1) }
}

function duration(flag: string, description: string, initial: string): Option {
  return new Option(`${flag} <duration>`, description)
    .argParser(parseDuration)
    .default(durationMilliseconds(initial), initial)
}

/** A duration after which something is given up. */
function timeout(flag: string, description: string): Option {
  return new Option(`${flag} <duration>`, description).argParser((text: string) => {
    const milliseconds = parseDuration(text)
    if (milliseconds === 0) throw new InvalidArgumentError('Expected a duration longer than 0.')
    return milliseconds
  })
}

function repeatable(flags: string, description: string, initial = 'all'): Option {
  const collect = (value: string, previous: readonly string[]) => [...previous, notEmpty(value)]
  return new Option(flags, description).argParser(collect).default([], initial)
}

/** A parser replaces the check of commander's `choices`, so it has to repeat it. */
function collectHazard(hazard: string, previous: readonly string[] | undefined): readonly string[] {
  if (!hazardsToAllow.some((name) => name === hazard)) {
    throw new InvalidArgumentError(`Allowed choices are ${hazardsToAllow.join(', ')}.`)
  }
  return [...(previous ?? []), hazard]
}

/** An empty text is most often a variable of the shell that is not set. */
export function notEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It is empty.')
  return text
}

function parseJobs(text: string): number {
  return wholeNumber(text, 64)
}

function parsePort(text: string): number {
  return wholeNumber(text, 65_535)
}

function parseShard(text: string): Shard {
  const [, index, count] = /^(\d+)\/([1-9]\d*)$/.exec(text) ?? []
  if (index === undefined || Number(index) >= Number(count))
    throw new InvalidArgumentError('Expected INDEX/COUNT, with an index from 0 to COUNT - 1.')
  return { index: Number(index), count: Number(count) }
}

function parseWidth(text: string): number {
  return wholeNumber(text, 100_000)
}

function parseLimit(text: string): number {
  return wholeNumber(text, 1_000_000)
}

function wholeNumber(text: string, maximum: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > maximum)
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${maximum}.`)
  return value
}

function parseDuration(text: string): number {
  const milliseconds = durationMilliseconds(text)
  if (milliseconds === undefined) throw new InvalidArgumentError('Expected a duration such as 500ms, 3s, 2min or 1h.')
  return milliseconds
}

/** The options that were typed, as opposed to those from defaults and the environment. */
export function givenOptions(command: Command): readonly string[] {
  return Object.keys(command.opts()).filter((name) => command.getOptionValueSource(name) === 'cli')
}
