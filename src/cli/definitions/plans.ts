// The commands that check a manifest and compare it with a database.

import type { Command } from 'commander'
import { setExitCode } from '../exit-code.ts'
import { onTargets } from '../fleet/on-targets.ts'
import { notEmpty, options as shared } from '../options.ts'

export const plans = [validate, plan]

function validate(root: Command): void {
  root
    .command('validate')
    .description('Check a manifest without connecting to a server')
    .addOption(shared.manifest())
    .addOption(shared.variables())
    .addOption(shared.allowFiles())
    .addOption(shared.validationFormat())
    .option('--no-env', 'Do not resolve ${env:…} and ${file:…} references')
    .action(async (flags) => setExitCode((await import('../commands/validate.ts')).validate(flags)))
}

function plan(root: Command): void {
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
    .option('--out <file>', 'Save the plan, for fdwsync apply FILE', notEmpty)
    .addOption(shared.target())
    .option('--drift-only', 'Show only drift: what was changed outside fdwsync')
    .option('--detailed-exitcode', 'Exit with 2 if there are changes, 6 if something is undetermined')
    .action((flags) => onTargets('plan', flags, async () => (await import('../commands/plan.ts')).plan(flags)))
}
