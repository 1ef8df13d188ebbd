// The commands that show what a database has.

import type { Command } from 'commander'
import { setExitCode } from '../exit-code.ts'
import { onTargets } from '../fleet/on-targets.ts'
import { manifestFiles, options as shared } from '../options.ts'

export const inspection = [manifests, status, history]

function manifests(root: Command): void {
  root
    .command('manifests')
    .description('List the manifests of a database: what each manages, and when it was applied')
    .addOption(shared.database())
    .addOption(shared.ledgerOwner())
    .addOption(shared.format())
    .addOption(shared.width())
    .action(async (flags) => setExitCode((await import('../commands/manifests.ts')).manifests(flags)))
}

function status(root: Command): void {
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
    .addOption(shared.verbose())
    .addOption(shared.kind())
    .addOption(shared.checkSource())
    .addOption(shared.sourceTimeout())
    .addOption(shared.verify('Also compare all rows of copies with those of their sources'))
    .option('--all', 'Include objects of other manifests, and unmanaged ones')
    .option(
      '--check',
      'Exit with 2 if something has drifted, is missing, not populated or stale, 6 if that is unknown or nothing is managed',
    )
    .action((pattern, flags) =>
      onTargets('status', flags, async () => (await import('../commands/status.ts')).status(pattern, flags)),
    )
}

function history(root: Command): void {
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
    .action(async (id, flags) => setExitCode((await import('../commands/history.ts')).history(id, flags)))
}
