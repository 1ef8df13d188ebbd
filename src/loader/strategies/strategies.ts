// The list of strategies.

import { concurrently } from './concurrently.ts'
import { plain } from './plain.ts'
import type { Strategy, StrategyName } from './strategy.ts'
import { swap } from './swap.ts'

/** A strategy without an entry is a type error. */
const byName: { readonly [Name in StrategyName]: Strategy } = { plain, concurrently, swap }

export function strategyNamed(name: StrategyName): Strategy {
  return byName[name]
}
