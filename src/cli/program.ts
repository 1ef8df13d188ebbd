// The command line: its commands, arguments, options and help. Each command's own code is loaded when it runs.

import { Command, Option } from 'commander'
import { refreshStrategies } from '../core/refresh-policy.ts'
import { toolVersion } from '../core/version.ts'
import { setExitCode } from './exit-code.ts'
import { addFleetOptions, onTargets } from './fleet/on-targets.ts'
import { examplesText } from './help-examples.ts'
import { startLog } from './log.ts'
import { givenOptions, manifestFiles, options as shared } from './options.ts'
import { outputWidth, printMessage, printResult } from './output.ts'
import { reportError, requestedFormat } from './report-error.ts'
import { addTools } from './tools.ts'

/** Runs a command and sets the exit code. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  try {
    await createProgram(argv[2]).parseAsync([...argv])
  } catch (error) {
    process.exitCode = await reportError(error, requestedFormat(argv))
  }
}

const exitCodes = `
Exit codes:
  0   success
  1   failed
  2   changes found (with plan --detailed-exitcode, status --check, pin --check)
  3   stale plan: the database changed after the plan was created
  4   refused
  5   applied, but some data could not be loaded
  6   something is undetermined (apply; else with the same options as exit code 2)
  64  wrong usage`

/** @param command the one that will run: those after it are left out, since they take 10 ms. All if there is none of that name */
export function createProgram(command?: string): Command {
  const root = new Command('fdwsync')
    .description(
      "Keeps a PostgreSQL database's foreign servers, foreign tables and materialized views as declared in YAML",
    )
    .version(`fdwsync ${toolVersion}`, '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Show help')
    .helpCommand('help [command]', 'Show help for a command')
    .exitOverride()
    // Errors of commander quote arguments.
    .configureOutput({
      writeOut: printResult,
      writeErr: printMessage,
      getOutHelpWidth: outputWidth,
      getErrHelpWidth: outputWidth,
    })
    .addHelpText('after', exitCodes)
  for (const add of [addChecks, addChanges, addInspection, addAuthoring, addTools]) {
    add(root)
    if (root.commands.some((each) => each.name() === command)) break
  }
  root.hook('preAction', (_root, command) => startLog(command.opts().log))
  addFleetOptions(root)
  for (const each of root.commands) {
    each.helpOption('-h, --help', 'Show help').addHelpText('after', examplesText(each.name()))
  }
  return root
}

function addChecks(root: Command): void {
  root
    .command('validate')
    .description('Check a manifest without connecting to a server')
    .addOption(shared.manifest())
    .addOption(shared.variables())
    .addOption(shared.allowFiles())
    .addOption(shared.validationFormat())
    .option('--no-env', 'Do not resolve ${env:…} and ${file:…} references')
    .action(async (flags) => setExitCode((await import('./commands/validate.ts')).validate(flags)))
  root
    .command('plan')
    .description('Show what apply would change')
    .addOption(shared.manifest())
    .addOption(shared.variables())
    .addOption(shared.allowFiles())
    .addOption(shared.database())
    .addOption(shared.ledgerOwner())
    .addOption(shared.planFormat())
    .addOption(shared.log())
    .addOption(shared.width())
    .addOption(shared.showValues())
    .addOption(shared.verbose())
    .addOption(shared.populate())
    .addOption(shared.offline())
    .addOption(shared.sourceTimeout())
    .addOption(shared.only())
    .addOption(shared.takeOver())
    .addOption(shared.checkSource())
    .addOption(shared.noCheckSource())
    .option('--out <file>', 'Save the plan, for fdwsync apply FILE')
    .addOption(shared.target())
    .option('--drift-only', 'Show only drift: what was changed outside fdwsync')
    .option('--detailed-exitcode', 'Exit with 2 if there are changes, 6 if something is undetermined')
    .action((flags) => onTargets('plan', flags, async () => (await import('./commands/plan.ts')).plan(flags)))
}

function addChanges(root: Command): void {
  root
    .command('apply')
    .description('Plan, confirm and apply')
    .argument('[plan]', 'A saved plan (plan --out): apply exactly this, or nothing')
    .addOption(shared.manifest())
    .addOption(shared.variables())
    .addOption(shared.allowFiles())
    .addOption(shared.database())
    .addOption(shared.format())
    .addOption(shared.log())
    .addOption(shared.width())
    .addOption(shared.showValues())
    .addOption(shared.verbose())
    .addOption(shared.populate())
    .addOption(shared.offline())
    .addOption(shared.noCheckSource())
    .addOption(shared.only())
    .addOption(shared.takeOver())
    .option('--auto-approve', 'Do not ask for confirmation')
    .addOption(shared.allow())
    .addOption(shared.lockTimeout())
    .addOption(shared.leaseTimeout())
    .addOption(shared.sourceTimeout())
    .addOption(shared.jobs())
    .addOption(shared.events())
    .addOption(shared.target())
    .action((planFile, flags, command) =>
      onTargets('apply', flags, async () =>
        (await import('./commands/apply.ts')).apply(planFile, flags, givenOptions(command)),
      ),
    )
  root
    .command('show')
    .description('Print a saved plan')
    .argument('<plan>', 'A file that plan --out has written')
    .addOption(shared.planFormat())
    .addOption(shared.width())
    .addOption(shared.verbose())
    .action(async (planFile, flags) => setExitCode((await import('./commands/show.ts')).show(planFile, flags)))
  root
    .command('refresh')
    .description('Refresh views and tables in dependency order')
    .argument(
      '[name...]',
      'Copies, as patterns of psql; NAME+ with what reads them, +NAME with what they read. Default: all',
    )
    .option('--stale', 'Only copies that are older than their max_age')
    .option('--unpopulated', 'Only copies without data')
    .option('--dry-run', 'Only print what would be done, how and why')
    .addOption(
      shared
        .verify('Compare all rows with those of the sources instead; changes nothing, exits with 2 if some differ')
        .conflicts(['dryRun', 'strategy', 'events']),
    )
    .addOption(shared.manifest())
    .addOption(shared.variables())
    .addOption(shared.allowFiles())
    .addOption(shared.database())
    .addOption(shared.ledgerOwner())
    .addOption(shared.format())
    .addOption(shared.log())
    .addOption(shared.width())
    .addOption(shared.verbose())
    .addOption(
      new Option('--strategy <strategy>', 'Strategy of this run, in place of the declared ones').choices(
        refreshStrategies,
      ),
    )
    .addOption(shared.refreshTimeout())
    .addOption(shared.sourceTimeout())
    .addOption(shared.jobs())
    .addOption(shared.leaseTimeout())
    .addOption(shared.events())
    .action((names, flags) =>
      onTargets('refresh', flags, async () => (await import('./commands/refresh.ts')).refresh(names, flags)),
    )
  root
    .command('release')
    .description('Stop managing objects; drops nothing')
    .argument('<name...>', "Names, as in psql: shop.orders, 'shop.*', server:shop")
    .addOption(shared.manifest())
    .addOption(shared.variables())
    .option('--manifest <name>', 'Name of the manifest, instead of its file')
    .addOption(shared.database())
    .addOption(shared.format())
    .addOption(shared.log())
    .addOption(shared.width())
    .addOption(shared.verbose())
    .option('--auto-approve', 'Do not ask for confirmation')
    .addOption(shared.lockTimeout())
    .addOption(shared.leaseTimeout())
    .action(async (names, flags) => setExitCode((await import('./commands/release.ts')).release(names, flags)))
  root
    .command('destroy')
    .description('Drop everything a manifest owns')
    .addOption(shared.manifest())
    .addOption(shared.variables())
    .option('--manifest <name>', 'Name of the manifest, instead of its file')
    .addOption(shared.database())
    .addOption(shared.format())
    .addOption(shared.log())
    .addOption(shared.width())
    .addOption(shared.verbose())
    .option('--auto-approve', 'Do not ask for confirmation, even if data is dropped')
    .addOption(shared.lockTimeout())
    .addOption(shared.leaseTimeout())
    .action(async (flags) => setExitCode((await import('./commands/destroy.ts')).destroy(flags)))
}

function addInspection(root: Command): void {
  root
    .command('manifests')
    .description('List the manifests of a database: what each manages, and when it was applied')
    .addOption(shared.database())
    .addOption(shared.ledgerOwner())
    .addOption(shared.format())
    .addOption(shared.width())
    .action(async (flags) => setExitCode((await import('./commands/manifests.ts')).manifests(flags)))
  root
    .command('status')
    .description('List managed objects and their state')
    .argument('[pattern]', "Names, as in psql: 'shop.*', '*orders*'")
    .addOption(manifestFiles('Manifest to compare with; repeatable; default: fdwsync.yaml if it exists'))
    .addOption(shared.variables())
    .addOption(shared.allowFiles())
    .addOption(shared.database())
    .addOption(shared.ledgerOwner())
    .addOption(shared.format())
    .addOption(shared.log())
    .addOption(shared.width())
    .addOption(shared.kind())
    .addOption(shared.checkSource())
    .addOption(shared.sourceTimeout())
    .addOption(shared.verify('Also compare all rows of copies with those of their sources'))
    .option('--all', 'Include unmanaged objects')
    .option('--check', 'Exit with 2 if something has drifted, is missing or not populated, 6 if that is unknown')
    .action((pattern, flags) =>
      onTargets('status', flags, async () => (await import('./commands/status.ts')).status(pattern, flags)),
    )
  root
    .command('history')
    .description('List past applies, or show one in detail')
    .argument('[id]', 'Id of an apply, or the beginning of it; with --refreshes, copies as a pattern of psql')
    .option('--refreshes', 'List refreshes and loads of copies instead')
    .option('--manifest <name>', 'Only applies of the manifest with this name')
    .addOption(manifestFiles('Only applies of this manifest; repeatable, if it has several files'))
    .addOption(shared.variables())
    .addOption(shared.limit())
    .addOption(shared.database())
    .addOption(shared.ledgerOwner())
    .addOption(shared.format())
    .addOption(shared.width())
    .action(async (id, flags) => setExitCode((await import('./commands/history.ts')).history(id, flags)))
}

function addAuthoring(root: Command): void {
  root
    .command('export')
    .description('Write a manifest of an existing database to standard output')
    .addOption(shared.servers())
    .addOption(shared.schemas())
    .option('--name <name>', "Name of the manifest; default: the database's name")
    .addOption(shared.database())
    .addOption(shared.ledgerOwner())
    .action(async (flags) => setExitCode((await import('./commands/export.ts')).exportDatabase(flags)))
  root
    .command('pin')
    .description('Lock imports and mirrors to what their sources have now')
    .addOption(shared.manifest())
    .addOption(shared.variables())
    .addOption(shared.allowFiles())
    .addOption(shared.database())
    .addOption(shared.ledgerOwner())
    .addOption(shared.sourceTimeout())
    .option('--check', 'Write nothing; exit with 2 if the sources differ from the lock, 6 if they cannot be queried')
    .action(async (flags) => setExitCode((await import('./commands/pin.ts')).pin(flags)))
}
