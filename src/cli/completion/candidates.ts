// What could be typed next: commands, options, their values, and names from the manifest.

import type { Command, Option } from 'commander'
import { exactPattern } from '../../core/name-pattern.ts'
import type { Manifest } from '../../library/load-manifest.ts'

export interface Candidates {
  readonly words: readonly string[]
  /** Whether the name of a file fits too. */
  readonly files: boolean
}

/** Where the names come from. Each is read only if its names are needed. */
export interface NameSources {
  /** The manifest that the typed words name, or the default one; undefined if it cannot be read. */
  manifest(files: readonly string[]): Promise<Manifest | undefined>
  schemas(): Promise<readonly string[]>
  kinds(): Promise<readonly string[]>
}

const nothing: Candidates = { words: [], files: false }
const filesOnly: Candidates = { words: [], files: true }

/** @param typed the words after `fdwsync`; the last one is being typed, and may be empty */
export async function candidates(root: Command, typed: readonly string[], names: NameSources): Promise<Candidates> {
  const word = typed.at(-1) ?? ''
  const before = typed.slice(0, -1)
  const commands = root
    .createHelp()
    .visibleCommands(root)
    .map((each) => each.name())
  if (before.join() === 'help') return starting(word, commands)
  const command = root.commands.find((each) => each.name() === before[0])
  if (!command) return before.length > 0 ? nothing : starting(word, [...commands, '--help', '--version'])
  const [, assigned, start = ''] = /^(--[^=]+)=(.*)$/s.exec(word) ?? []
  if (assigned !== undefined) {
    const { words } = await candidates(root, [...before, assigned, start], names)
    return { words: words.map((each) => `${assigned}=${each}`), files: false }
  }
  const option = command.options.find((each) => [each.long, each.short].includes(before.at(-1)))
  if (option?.long === '--only') return starting(word, objectsOf(await names.manifest(filesIn(command, before))))
  if (option?.long === '--kind') return starting(word, await names.kinds())
  if (option?.required) return valuesOf(option, word)
  if (word.startsWith('-')) return starting(word, [...command.options.map(longOf), '--help'])
  const found = await argumentsOf(command.name(), filesIn(command, before), names)
  return { words: starting(word, found.words).words, files: found.files }
}

function starting(word: string, all: readonly string[]): Candidates {
  return { words: all.filter((each) => each.startsWith(word)), files: false }
}

function longOf({ long, flags }: Option): string {
  return long ?? flags
}

function valuesOf({ argChoices, flags }: Option, word: string): Candidates {
  if (argChoices) return starting(word, argChoices)
  return /<(?:file|folder|path)>/.test(flags) ? filesOnly : nothing
}

function filesIn(command: Command, before: readonly string[]): readonly string[] {
  const isFile = (word: string | undefined) => word === '-f' || word === '--file'
  const given = before.filter((_word, at) => isFile(before[at - 1]))
  return given.length > 0 || !command.options.some(({ long }) => long === '--file') ? given : ['fdwsync.yaml']
}

async function argumentsOf(command: string, files: readonly string[], names: NameSources): Promise<Candidates> {
  switch (command) {
    case 'apply':
    case 'show':
      return filesOnly
    case 'schema':
      return { words: await names.schemas(), files: false }
    case 'completion':
      return { words: ['bash', 'zsh', 'fish'], files: false }
    case 'refresh':
    case 'status':
      return { words: copiesOf(await names.manifest(files)), files: false }
    case 'release':
      return { words: objectsOf(await names.manifest(files)), files: false }
    default:
      return nothing
  }
}

/** Patterns for the copies that the manifest names. Only the source knows what else a mirror copies. */
function copiesOf(manifest: Manifest | undefined): readonly string[] {
  const { schemas = {}, mirrors = {} } = manifest ?? {}
  return [
    ...Object.entries(schemas).flatMap(([schema, { materialized_views = {}, tables = {} }]) =>
      patternsOf(schema, [...Object.keys(materialized_views), ...Object.keys(tables)]),
    ),
    ...Object.values(mirrors).flatMap(({ schema, limit_to = [] }) => patternsOf(schema, limit_to)),
  ]
}

function objectsOf(manifest: Manifest | undefined): readonly string[] {
  const { schemas = {}, mirrors = {}, servers = {} } = manifest ?? {}
  return [
    ...copiesOf(manifest),
    ...Object.entries(schemas).flatMap(([schema, { foreign_tables = {} }]) =>
      patternsOf(schema, Object.keys(foreign_tables)),
    ),
    ...Object.values(mirrors).flatMap(({ proxy_schema, limit_to = [] }) => patternsOf(proxy_schema, limit_to)),
    ...Object.keys(servers).map((name) => `server:${exactPattern(name)}`),
  ]
}

function patternsOf(schema: string, names: readonly string[]): readonly string[] {
  return names.map((name) => `${exactPattern(schema)}.${exactPattern(name)}`)
}
