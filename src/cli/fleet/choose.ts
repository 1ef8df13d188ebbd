// Chooses the targets of a fleet that a command runs on.

import { usageError } from '../../core/errors.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { FleetTarget } from '../../library/fleet-targets.ts'

export interface Shard {
  /** From 0, as Kubernetes counts the pods of an Indexed Job. */
  readonly index: number
  readonly count: number
}

export interface Choice {
  /** `NAME=VALUE`; a target needs all of them. */
  readonly label: readonly string[]
  readonly shard: Shard | undefined
  readonly canary: string | undefined
}

/**
 * The targets with the labels, of this shard, by name. Each shard has the canary first, so that none goes on without it.
 * @throws FdwsyncError if none is left, or the canary is not among the targets
 */
export function chooseTargets(
  targets: readonly FleetTarget[],
  { label, shard, canary }: Choice,
): { readonly canary: FleetTarget | undefined; readonly others: readonly FleetTarget[] } {
  const wanted = label.map(labelOf)
  const named = targets.filter(({ labels }) => wanted.every(([name, value]) => labels[name] === value))
  if (named.length === 0) throw usageError(`no target has the labels ${label.join(', ')}`)
  const first = named.find(({ name }) => name === canary)
  if (canary !== undefined && !first) {
    const names = named.map(({ name }) => name)
    throw usageError(`--canary ${canary}: there is no such target${didYouMean(canary, names)}`)
  }
  const others = named
    .filter((target) => target !== first)
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))
    .filter((_, at) => !shard || at % shard.count === shard.index)
  return { canary: first, others }
}

function labelOf(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw usageError(`--label ${text}: expected NAME=VALUE`)
  return [text.slice(0, at), text.slice(at + 1)]
}
