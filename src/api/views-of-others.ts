import type { Change, LiveObject, LiveState, WantedObject } from '../core/change.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { disturbed, withConsequences } from '../differ/consequences.ts'
import type { Diff } from '../differ/diff.ts'
import {
  type MaterializedViewsOfOthers,
  materializedViewsOfOthers,
} from '../introspector/materialized-views-of-others.ts'
import { type ProbeInput, type ProbeResult, probe } from '../introspector/probe.ts'
import { keysNamed } from '../introspector/probe-queries.ts'
import { type TriedView, tryViews } from '../introspector/view-trials.ts'
import { kindOf } from '../kinds/registry.ts'
import { relationsNamed } from '../manifest/fragments.ts'

/** What differs, and the views of others that change with it. */
export interface WithViewsOfOthers {
  /** Of what is declared. */
  readonly probed: ProbeResult
  readonly found: Diff
  /** What is found to differ, with what lives on that. */
  readonly direct: readonly Change[]
  /** With the views of others that can be made anew. */
  readonly live: LiveState
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly others: ReadonlySet<Key>
  readonly tried: readonly TriedView[]
  readonly materialized: MaterializedViewsOfOthers
}

/**
 * Finds the views of others that must be made anew along with what differs. A materialized view over a plain one whose columns
 * change, be it declared, becomes another one, and so what reads that in turn: all is tried out again with such plain views, as if
 * they were declared just as they are, until none comes up any more.
 * @param compare what differs, given what is wanted
 */
export async function withViewsOfOthers(
  session: Session,
  first: ProbeResult,
  input: ProbeInput,
  compare: (probed: ProbeResult) => Diff,
): Promise<WithViewsOfOthers> {
  const declared = new Set(input.declared.map(({ id }) => keyOf(id)))
  const copied = new Map<Key, LiveObject>()
  for (let probed = first; ; probed = await probeWith(session, input, copied)) {
    const ofDeclared = only(probed, declared)
    const found = compare(ofDeclared)
    const direct = withConsequences(found.changes, ofDeclared.wanted, ofDeclared.live)
    const changing = [...disturbed(direct), ...copied.values()]
    const materialized = await materializedViewsOfOthers(session, changing, withPlainViews(input, copied))
    const live = new Map([...ofDeclared.live, ...materialized.live])
    const wanted = new Map([...ofDeclared.wanted, ...materialized.wanted])
    const tried = await tryViews(session, live, wanted, input.digests.salt)
    const anew = tried.flatMap(({ outcome, ...view }) =>
      outcome.becomes === 'recreated' ? [{ ...view, to: outcome.to }] : [],
    )
    const isNew = (await copiedOf(anew, input)).filter(({ key }) => !copied.has(key))
    if (isNew.length > 0) {
      for (const view of isNew) copied.set(view.key, view.live)
      continue
    }
    return {
      probed: ofDeclared,
      found,
      direct,
      live: new Map([...live, ...anew.map((view) => [view.key, view.live] as const)]),
      wanted: new Map([...wanted, ...anew.map(({ key, to }) => [key, to] as const)]),
      others: new Set([...materialized.live.keys(), ...anew.map(({ key }) => key)]),
      tried,
      materialized,
    }
  }
}

type Anew = Pick<TriedView, 'key' | 'live' | 'on' | 'isCopied'>

/** Those that a materialized view reads, or will read, be it through others of them. */
async function copiedOf(anew: readonly Anew[], { declared, searchPath }: ProbeInput): Promise<readonly Anew[]> {
  if (anew.length === 0) return []
  const named = new Set<Key>()
  for (const { id, spec } of declared) {
    const query = kindOf(id).query?.(spec)
    if (query === undefined) continue
    for (const name of await relationsNamed(query)) for (const key of keysNamed(name, searchPath)) named.add(key)
  }
  const copied = new Set(anew.filter(({ key, isCopied }) => isCopied || named.has(key)))
  for (const { on } of copied) for (const below of anew) if (on.has(below.key)) copied.add(below)
  return [...copied]
}

function probeWith(session: Session, input: ProbeInput, views: LiveState): Promise<ProbeResult> {
  return probe(session, withPlainViews(input, views))
}

function withPlainViews(input: ProbeInput, views: LiveState): ProbeInput {
  const { declared, reading } = input
  const asTheyAre = Array.from(views.values(), ({ id, spec, needs }) => ({ id, spec, needs, path: [] }))
  return {
    ...input,
    declared: [...declared, ...asTheyAre],
    reading: { ...reading, live: new Map([...reading.live, ...views]) },
  }
}

function only({ wanted, live, findings }: ProbeResult, keys: ReadonlySet<Key>): ProbeResult {
  return {
    wanted: new Map([...wanted].filter(([key]) => keys.has(key))),
    live,
    findings: findings.filter(({ key }) => keys.has(key)),
  }
}
