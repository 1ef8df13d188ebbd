// Errors of commander, with what to do about them. Whoever comes from another tool finds what its command or option is called here.

import type { CommanderError } from 'commander'
import { type FdwsyncError, usageError } from '../core/errors.ts'

/** @param argv Node, the script, and the arguments that commander has refused */
export function usageErrorOf({ code, message }: CommanderError, argv: readonly string[]): FdwsyncError {
  // commander adds its suggestion in parentheses, on a line of its own.
  const [, text = message, suggestion] = /^(?:error: )?(.*?)(?:\n\((.*)\))?$/s.exec(message) ?? []
  return usageError(text, suggestion ?? hintFor(code, text, argv.slice(2)))
}

function hintFor(code: string, message: string, [command = '', ...rest]: readonly string[]): string | undefined {
  const [, refused = ''] = /^unknown (?:command|option) '(.*)'$/s.exec(message) ?? []
  const more = `More: fdwsync ${command} --help`
  switch (code) {
    case 'commander.unknownCommand':
      return commandsElsewhere.get(refused) ?? 'All commands: fdwsync --help'
    case 'commander.unknownOption':
      return optionsElsewhere.get(refused.replace(/=.*/s, '')) ?? more
    case 'commander.missingArgument':
    case 'commander.optionMissingArgument':
      return more
    case 'commander.excessArguments':
      return rest.some((argument) => /\.ya?ml$/i.test(argument)) ? 'Name a manifest with -f FILE.' : more
    default:
      return undefined
  }
}

const commandsElsewhere = hints([
  [['diff', 'preview', 'check', 'drift'], 'fdwsync plan shows what would change.'],
  [['sync', 'converge', 'deploy', 'migrate', 'push', 'up', 'update', 'create'], 'fdwsync apply creates and changes.'],
  [['drop', 'down', 'delete', 'remove'], 'fdwsync destroy drops what a manifest owns; fdwsync release drops nothing.'],
  [['import', 'dump', 'pull', 'inspect', 'introspect'], 'fdwsync export writes a manifest of what exists.'],
  [['ls', 'list'], 'fdwsync status lists objects, fdwsync manifests the manifests of a database.'],
  [['load', 'reload', 'run'], 'fdwsync refresh loads data.'],
  [['lock'], 'fdwsync pin locks imports and mirrors.'],
  [['version'], 'fdwsync --version prints it.'],
])

const optionsElsewhere = hints([
  [['-y', '--yes', '--force', '--approve', '--no-input'], 'To apply without a question: --auto-approve'],
  [['--json'], 'For a document: --format json'],
  [['--dry-run', '--check', '--diff'], 'fdwsync plan changes nothing.'],
  [['-o', '--output'], 'To save a plan: fdwsync plan --out FILE'],
  [['-c', '--config', '-m', '--manifest'], 'Name a manifest with -f FILE.'],
  [['-d', '--db', '--dsn', '--url', '--conn', '--connection', '--host'], 'Name the database: --database URL'],
  [['-v', '--debug', '--trace'], 'For every statement: --verbose'],
  [['-t', '--include'], 'For a part: --only PATTERN'],
])

function hints(rows: readonly (readonly [names: readonly string[], hint: string])[]): ReadonlyMap<string, string> {
  return new Map(rows.flatMap(([names, hint]) => names.map((name) => [name, hint] as const)))
}
