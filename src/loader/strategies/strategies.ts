// The list of strategies.

import type { StrategyName } from '../../core/refresh-policy.ts'
import { compare } from './compare.ts'
import { concurrently } from './concurrently.ts'
import { merge } from './merge.ts'
import { plain } from './plain.ts'
import type { Strategy } from './strategy.ts'
import { swap } from './swap.ts'
import { watermark } from './watermark.ts'

/** A strategy without an entry is a type error. */
const byName: { readonly [Name in StrategyName]: Strategy } = { plain, concurrently, swap, merge, compare, watermark }

export function strategyNamed(name: StrategyName): Strategy {
  return byName[name]
}
