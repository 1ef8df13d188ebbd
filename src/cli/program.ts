// The command line. Its commands, arguments and options are in definitions/, their code in commands/, which is loaded when it runs.

import { Command } from 'commander'
import { toolVersion } from '../core/version.ts'
import { authoring } from './definitions/authoring.ts'
import { changes } from './definitions/changes.ts'
import { inspection } from './definitions/inspection.ts'
import { plans } from './definitions/plans.ts'
import { shell } from './definitions/shell.ts'
import { addFleetOptions } from './fleet/on-targets.ts'
import { examplesText } from './help-examples.ts'
import { startLog } from './log.ts'
import { outputWidth, printMessage, printResult } from './output.ts'
import { reportError } from './report-error.ts'

/** Runs a command and sets the exit code. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  try {
    await createProgram(argv[2]).parseAsync([...argv])
  } catch (error) {
    process.exitCode = await reportError(error, argv)
  }
}

const exitCodes = `
Exit codes:
  0   success
  1   failed
  2   changes found (with plan --detailed-exitcode, status --check, pin --check, refresh --verify)
  3   stale plan: the database changed after the plan was created
  4   refused
  5   applied, but some data could not be loaded
  6   something is undetermined (apply; else with the same options as exit code 2)
  64  wrong usage`

/** @param command the one that will run. Those defined after it are left out, since they take 10 ms */
export function createProgram(command?: string): Command {
  const root = new Command('fdwsync')
    .description(
      "Keeps a PostgreSQL database's foreign servers, foreign tables and materialized views as declared in YAML",
    )
    .version(`fdwsync ${toolVersion}`, '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Show help')
    .helpCommand('help [command]', 'Show help for a command')
    .exitOverride()
    .configureOutput({
      writeOut: printResult,
      writeErr: printMessage,
      getOutHelpWidth: outputWidth,
      getErrHelpWidth: outputWidth,
      // They are reported like all others.
      outputError: () => {},
    })
    .addHelpText('after', exitCodes)
  for (const define of [...plans, ...changes, ...inspection, ...authoring, ...shell]) {
    define(root)
    if (root.commands.at(-1)?.name() === command) break
  }
  root.hook('preAction', (_root, command) => startLog(command.opts()))
  addFleetOptions(root)
  for (const each of root.commands) {
    each.helpOption('-h, --help', 'Show help').addHelpText('after', examplesText(each.name()))
  }
  return root
}
