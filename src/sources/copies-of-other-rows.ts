// The copies that read something else once a plan is applied, such as a server under another host. What their last refreshes have found does not
// hold for that: a watermark that was reached, the answer of skip_if_same. Pure.

import type { Change, WantedObject } from '../core/change.ts'
import { groupBy, sameData } from '../core/data.ts'
import { idOf, isCopyId, type Key } from '../core/object.ts'
import { plainOption } from '../kinds/facets/options.ts'
import type { ForeignTableSpec } from '../kinds/foreign-table/spec.ts'
import type { UserMappingSpec } from '../kinds/user-mapping.ts'
import { connectionOf, remoteOf } from './what-is-read.ts'

/** Options of postgres_fdw and libpq that decide how rows are read, not which. */
const tuning: ReadonlySet<string> = new Set([
  'analyze_sampling',
  'application_name',
  'async_capable',
  'batch_size',
  'connect_timeout',
  'extensions',
  'fdw_startup_cost',
  'fdw_tuple_cost',
  'fetch_size',
  'keep_connections',
  'parallel_abort',
  'parallel_commit',
  'truncatable',
  'updatable',
  'use_remote_estimate',
])

/** Without copies that the plan loads. */
export function copiesOfOtherRows(changes: readonly Change[], wanted: ReadonlyMap<Key, WantedObject>): readonly Key[] {
  const others = new Set(changes.filter(readsOtherRows).map(({ key }) => key))
  if (others.size === 0) return []
  const servers = new Set([...others].flatMap((key) => serverOf(key) ?? []))
  const tables = [...wanted].flatMap(([key, { id, spec }]) => {
    if (id.kind !== 'foreignTable') return []
    const { server } = spec as ForeignTableSpec // the objects of a kind have its specs
    return others.has(key) || servers.has(server) ? [key] : []
  })
  return copiesThatRead(tables, wanted)
}

function readsOtherRows(change: Change): boolean {
  if (change.op !== 'alter') return false
  const { from, to } = change
  switch (to.id.kind) {
    case 'server':
      return !sameData(withoutTuning(connectionOf(from.spec)), withoutTuning(connectionOf(to.spec)))
    case 'foreignTable':
      return !sameData(withoutTuning(remoteOf(from)), withoutTuning(remoteOf(to)))
    case 'userMapping':
      return userOf(from.spec) !== userOf(to.spec)
    default:
      return false
  }
}

function withoutTuning<Read extends { readonly options: readonly (readonly unknown[])[] }>(read: Read): Read {
  return { ...read, options: read.options.filter(([name]) => !tuning.has(String(name))) }
}

/** What a user may see can differ. */
function userOf(spec: unknown): string | undefined {
  const { options } = spec as UserMappingSpec // the objects of a kind have its specs
  return options === null ? undefined : plainOption(options, 'user')
}

function serverOf(key: Key): string | undefined {
  const id = idOf(key)
  if (id?.kind === 'server') return id.name
  return id?.kind === 'userMapping' ? id.server : undefined
}

/** Also through other copies. What a view that is not managed reads is unknown here: it may be one of these. */
function copiesThatRead(tables: readonly Key[], wanted: ReadonlyMap<Key, WantedObject>): readonly Key[] {
  const reads = [...wanted].flatMap(([key, { id, needs }]) =>
    isCopyId(id) ? needs.map((need) => ({ key, need })) : [],
  )
  const readers = groupBy(reads, ({ need }) => need)
  const unmanaged = [...readers.keys()].filter((need) => idOf(need)?.kind === 'view')
  const found = new Set<Key>()
  const next = [...tables, ...unmanaged]
  for (let read = next.pop(); read !== undefined; read = next.pop()) {
    for (const { key } of readers.get(read) ?? []) {
      if (!found.has(key)) next.push(key)
      found.add(key)
    }
  }
  return [...found]
}
