// The options of the commands that can run on many databases. What runs them is in fleet.ts, which is loaded only then.

import type { Command } from 'commander'
import { usageError } from '../../core/errors.ts'
import { setExitCode } from '../exit-code.ts'
import { options as shared } from '../options.ts'
import type { FleetCommand, FleetFlags } from './fleet.ts'

const fleetCommands: readonly string[] = ['plan', 'apply', 'refresh', 'status'] satisfies readonly FleetCommand[]

export function addFleetOptions(root: Command): void {
  for (const command of root.commands.filter((each) => fleetCommands.includes(each.name()))) {
    command
      .addOption(shared.targets())
      .addOption(shared.parallel())
      .addOption(shared.shard())
      .addOption(shared.canary())
      .addOption(shared.labels())
  }
}

/** Runs on the targets that `--targets` names, or else on one. */
export function onTargets(command: FleetCommand, flags: FleetFlags, onOne: () => Promise<number>): Promise<void> {
  const run = async () => {
    if (flags.targets !== undefined) return (await import('./fleet.ts')).fleet(command, flags)
    refuseOptionsOfFleets(flags)
    return onOne()
  }
  return setExitCode(run())
}

/** Without `--targets` the command would run on one database, which these options may have been meant to leave out. */
function refuseOptionsOfFleets({ parallel, shard, canary, label }: FleetFlags): void {
  const given = Object.entries({ '--parallel': parallel, '--shard': shard, '--canary': canary, '--label': label[0] })
  const [option] = given.find(([, value]) => value !== undefined) ?? []
  if (option !== undefined) throw usageError(`${option} needs --targets FILE, which names the databases`)
}
