// The commands that change a database, and the one that shows a saved plan.

import { type Command, Option } from 'commander'
import { refreshStrategies } from '../../core/refresh-policy.ts'
import { setExitCode } from '../exit-code.ts'
import { onTargets } from '../fleet/on-targets.ts'
import { givenOptions, notEmpty, options as shared } from '../options.ts'

export const changes = [apply, show, refresh, release, destroy]

function apply(root: Command): void {
  root
    .command('apply')
    .description('Plan, confirm and apply')
    .argument('[plan]', 'A saved plan (plan --out; - is standard input): apply exactly this, or nothing', notEmpty)
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
      onTargets('apply', { ...flags, planFile }, async () =>
        (await import('../commands/apply.ts')).apply(planFile, flags, givenOptions(command)),
      ),
    )
}

function show(root: Command): void {
  root
    .command('show')
    .description('Print a saved plan')
    .argument('<plan>', 'A file that plan --out has written, or - for standard input', notEmpty)
    .addOption(shared.planFormat())
    .addOption(shared.width())
    .addOption(shared.verbose())
    .action(async (planFile, flags) => setExitCode((await import('../commands/show.ts')).show(planFile, flags)))
}

function refresh(root: Command): void {
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
      onTargets('refresh', flags, async () => (await import('../commands/refresh.ts')).refresh(names, flags)),
    )
}

function release(root: Command): void {
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
    .action(async (names, flags) => setExitCode((await import('../commands/release.ts')).release(names, flags)))
}

function destroy(root: Command): void {
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
    .action(async (flags) => setExitCode((await import('../commands/destroy.ts')).destroy(flags)))
}
