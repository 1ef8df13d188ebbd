// Checks that each copy can have its strategy: some are for materialized views only, some for tables with a key.

import type { CopyId } from '../../core/object.ts'
import { noDefault, type RefreshStrategy, type StrategyName } from '../../core/refresh-policy.ts'
import type { WatermarkStanza } from '../../core/watermark.ts'
import { copiesIn, type DeclaredCopy, mergedStanza, primaryKeyOf } from '../copies.ts'
import type { Manifest } from '../manifest.ts'
import { atKey, atValue, type PathProblem } from './path-problem.ts'

interface Needs {
  readonly kind: CopyId['kind']
  readonly primaryKey?: true
  readonly watermark?: true
}

/** What each strategy requires of a declaration; undefined: nothing. */
const needs: { readonly [Name in StrategyName]: Needs | undefined } = {
  plain: { kind: 'materializedView' },
  concurrently: { kind: 'materializedView' },
  swap: undefined,
  merge: { kind: 'table', primaryKey: true },
  compare: { kind: 'table', primaryKey: true },
  watermark: { kind: 'table', primaryKey: true, watermark: true },
}

/** In a manifest whose mirrors are expanded, their copies are checked too. */
export function strategyProblems(manifest: Manifest): readonly PathProblem[] {
  return copiesIn(manifest).flatMap((copy): readonly PathProblem[] => {
    const { strategy = 'auto', schedule = noDefault, watermark } = mergedStanza(copy, manifest)
    const mistake =
      (strategy === 'auto' ? undefined : misfit(strategy, copy, watermark)) ??
      (watermark === undefined ? undefined : misplaced(copy)) ??
      (schedule === noDefault ? undefined : unscheduled(strategy, copy))
    if (!mistake) return []
    const problem = { code: 'manifest/conflicting-keys', ...mistake } as const
    const { path, declared } = copy
    return [
      declared.refresh?.strategy === undefined
        ? atKey(declared.refresh ? [...path, 'refresh'] : path, problem)
        : atValue([...path, 'refresh', 'strategy'], problem),
    ]
  })
}

interface Mistake {
  readonly message: string
  readonly hint: string
}

function misfit(
  strategy: StrategyName,
  { id, declared }: DeclaredCopy,
  watermark: WatermarkStanza | undefined,
): Mistake | undefined {
  const needed = needs[strategy]
  if (needed === undefined) return undefined
  const { kind } = id
  if (needed.kind !== kind) {
    const [noun, others] = nouns[kind]
    const hint = `Strategies of ${others}: ${strategiesOf(kind).join(', ')}.`
    return { message: `a ${noun} cannot have the strategy ${strategy}`, hint }
  }
  if (needed.primaryKey && primaryKeyOf(declared) === undefined) {
    const hint = 'Declare its primary_key, or use the strategy swap, or auto.'
    return { message: `the strategy ${strategy} needs a primary key, and ${titleOfTable(id)} declares none`, hint }
  }
  if (!needed.watermark || watermark) return undefined
  const hint = 'Declare its watermark: { column: updated_at }, or use the strategy compare, or auto.'
  return { message: `the strategy ${strategy} needs a watermark, and none is declared`, hint }
}

/** A watermark of its own needs a key, whatever the strategy is. */
function misplaced({ id, declared }: DeclaredCopy): Mistake | undefined {
  if (id.kind !== 'table')
    return { message: 'a materialized view cannot have a watermark', hint: 'Declare it as one of the tables.' }
  if (primaryKeyOf(declared) !== undefined) return undefined
  const message = `a watermark needs a primary key, and ${titleOfTable(id)} declares none`
  return { message, hint: 'Declare its primary_key.' }
}

function unscheduled(strategy: RefreshStrategy, { id, declared }: DeclaredCopy): Mistake | undefined {
  // A job calls fdwsync.refresh(), within a transaction.
  if (strategy === 'swap') {
    const message = 'a copy with a schedule cannot have the strategy swap, which needs the command'
    return { message, hint: 'Use another strategy, or run fdwsync refresh by a timer in place of the schedule.' }
  }
  if (id.kind === 'materializedView' || primaryKeyOf(declared) !== undefined) return undefined
  const message = `a schedule needs a primary key, and ${titleOfTable(id)} declares none: it can only be swapped, which needs the command`
  return { message, hint: 'Declare its primary_key, or run fdwsync refresh by a timer in place of the schedule.' }
}

/** The place of the problem may be a mirror with many tables. */
function titleOfTable({ schema, name }: CopyId): string {
  return `table ${schema}.${name}`
}

const nouns = { materializedView: ['materialized view', 'materialized views'], table: ['table', 'tables'] } as const

function strategiesOf(kind: CopyId['kind']): readonly string[] {
  const possible = Object.entries(needs).flatMap(([name, need]) => (need && need.kind !== kind ? [] : [name]))
  return ['auto', ...possible]
}
