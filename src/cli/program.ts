import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { exitCode } from '../core/errors.ts'
import { hazardsToAllow } from '../core/plan.ts'
import { toolVersion } from '../core/version.ts'
import { durationMilliseconds } from './duration.ts'
import { reportError } from './report-error.ts'

/** Runs the command line and sets the exit code. Every command's own code is loaded when it is called. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...argv])
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCode.done : exitCode.usage
    else process.exitCode = reportError(error)
  }
}

function program(): Command {
  const root = new Command('fdwsync')
    .description("Keeps a PostgreSQL database's foreign-data synchronisation as declared in a manifest.")
    .version(`fdwsync ${toolVersion}`, '-V, --version')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 changes (--detailed-exitcode), 3 stale plan, 4 refused,\n5 data not loaded, 6 undetermined (--detailed-exitcode), 64 wrong usage.',
    )
  const manifest = () => new Option('-f, --file <file>', 'the manifest; - for standard input').default('fdwsync.yaml')
  const database = () => new Option('--database <url>', 'the target; else DATABASE_URL, else PGHOST, PGUSER …')
  const format = () =>
    new Option('--format <format>', 'of what goes to standard output').choices(['text', 'json']).default('text')
  const jobs = () => new Option('--jobs <number>', 'how many loads at once').argParser(parseJobs).default(4)
  const sourceTimeout = () =>
    new Option('--source-timeout <duration>', 'how long a source may take to answer')
      .argParser(parseDuration)
      .default(10_000, '10s')
  const offline = () =>
    new Option('--offline', 'do not ask sources for what is imported: what was imported last is kept')
  const lockTimeout = () =>
    new Option('--lock-timeout <duration>', 'how long to wait for a lock before trying again')
      .argParser(parseDuration)
      .default(3000, '3s')
  const leaseTimeout = () =>
    new Option('--lease-timeout <duration>', 'how long to wait for another apply')
      .argParser(parseDuration)
      .default(30_000, '30s')
  const checkSource = () =>
    new Option(
      '--check-source',
      'compare the foreign tables that are spelled out with what their sources have',
    ).conflicts('offline')
  const takeOver = () => new Option('--take-over', 'make this manifest own what another one owns')
  const populate = () => new Option('--no-populate', 'do not fill new materialized views')

  root
    .command('validate')
    .description('checks all that can be known without a server')
    .addOption(manifest())
    .option('--no-env', 'leave ${env:…} and ${file:…} unresolved')
    .action(async (options) => setExitCode((await import('./commands/validate.ts')).validate(options)))
  root
    .command('plan')
    .description('previews what apply would do')
    .addOption(manifest())
    .addOption(database())
    .addOption(format())
    .addOption(populate())
    .addOption(offline())
    .addOption(sourceTimeout())
    .addOption(takeOver())
    .addOption(checkSource())
    .option('--drift-only', 'show only what was altered outside of fdwsync')
    .option('--detailed-exitcode', 'exit 2 if there are changes, 6 if something could not be determined')
    .action(async (options) => setExitCode((await import('./commands/plan.ts')).plan(options)))
  root
    .command('apply')
    .description('plans, asks, and makes the database as declared')
    .addOption(manifest())
    .addOption(database())
    .addOption(format())
    .addOption(populate())
    .addOption(offline())
    .addOption(takeOver())
    .option('--auto-approve', 'do not ask')
    .addOption(
      new Option('--allow <hazard>', 'accept a hazard; repeatable').choices(hazardsToAllow).argParser(parseHazard),
    )
    .addOption(lockTimeout())
    .addOption(leaseTimeout())
    .addOption(sourceTimeout())
    .addOption(jobs())
    .action(async (options) => setExitCode((await import('./commands/apply.ts')).apply(options)))
  root
    .command('destroy')
    .description('drops what a manifest owns, in order; what others use stays')
    .addOption(manifest())
    .option('--manifest <name>', 'the name of the manifest, instead of its file')
    .addOption(database())
    .addOption(format())
    .option('--auto-approve', 'do not ask; the loss of data is approved too')
    .addOption(lockTimeout())
    .addOption(leaseTimeout())
    .action(async (options) => setExitCode((await import('./commands/destroy.ts')).destroy(options)))
  root
    .command('refresh')
    .description('brings the materialized views up to date, in the order of their dependencies')
    .argument('[name...]', 'views of the manifest; none: all')
    .addOption(manifest())
    .addOption(database())
    .addOption(format())
    .addOption(sourceTimeout())
    .addOption(jobs())
    .action(async (names, options) => setExitCode((await import('./commands/refresh.ts')).refresh(names, options)))
  root
    .command('status')
    .description('lists what the manifests of a database own, and whether it is as it should be')
    .argument('[pattern]', "names, as psql takes them: 'shop.*', '*orders*'")
    .option(
      '-f, --file <file>',
      'the manifest to compare with; else fdwsync.yaml if there is one, else the ledger alone',
    )
    .addOption(database())
    .addOption(format())
    .addOption(new Option('--kind <kind>', 'foreign-table, server …; repeatable').argParser(collect).default([]))
    .addOption(checkSource())
    .addOption(sourceTimeout())
    .option('--all', 'list what no manifest owns too')
    .option('--check', 'exit 2 if something drifted, is missing or not populated, 6 if it can not be known')
    .action(async (pattern, options) => setExitCode((await import('./commands/status.ts')).status(pattern, options)))
  root
    .command('pin')
    .description('writes what imports and mirrors have at their sources into a lock beside the manifest')
    .addOption(new Option('-f, --file <file>', 'the manifest').default('fdwsync.yaml'))
    .addOption(database())
    .addOption(sourceTimeout())
    .option('--check', 'write nothing; exit 2 if the sources have moved on from the lock, 6 if they can not be asked')
    .action(async (options) => setExitCode((await import('./commands/pin.ts')).pin(options)))
  root
    .command('export')
    .description('writes a manifest of what a database has, which plans as "nothing to change"')
    .addOption(
      new Option('--server <name>', 'all that stands on the server; repeatable').argParser(collect).default([]),
    )
    .addOption(new Option('--schema <name>', 'all that is in the schema; repeatable').argParser(collect).default([]))
    .option('--name <name>', "the manifest's name; else the database's")
    .addOption(database())
    .action(async (options) => setExitCode((await import('./commands/export.ts')).exportDatabase(options)))
  root
    .command('history')
    .description('who applied what and when, or all of one apply')
    .argument('[id]', 'the id of an apply, or its beginning')
    .option('--manifest <name>', 'only of the manifest of that name')
    .option('-f, --file <file>', 'only of that manifest; - for standard input')
    .addOption(new Option('--limit <number>', 'so many, the newest first').argParser(parseLimit).default(20))
    .addOption(database())
    .addOption(format())
    .action(async (id, options) => setExitCode((await import('./commands/history.ts')).history(id, options)))
  root
    .command('demo')
    .description('two throwaway servers, real data, the whole round')
    .action(async () => setExitCode((await import('./commands/demo.ts')).demo()))
  return root
}

async function setExitCode(code: Promise<number>): Promise<void> {
  process.exitCode = await code
}

function parseJobs(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 64)
    throw new InvalidArgumentError('It must be a whole number from 1 to 64.')
  return value
}

function parseLimit(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 1_000_000)
    throw new InvalidArgumentError('It must be a whole number from 1 to 1000000.')
  return value
}

function parseDuration(text: string): number {
  const milliseconds = durationMilliseconds(text)
  if (milliseconds === undefined) throw new InvalidArgumentError('It must be a duration such as 500ms, 3s, 2min or 1h.')
  return milliseconds
}

function collect(name: string, previous: readonly string[]): readonly string[] {
  return [...previous, name]
}

function parseHazard(hazard: string, previous: readonly string[] | undefined): readonly string[] {
  if (!hazardsToAllow.some((name) => name === hazard)) {
    throw new InvalidArgumentError(`Allowed choices are ${hazardsToAllow.join(', ')}.`)
  }
  return [...(previous ?? []), hazard]
}
