// Builds the new contents beside the old ones, then swaps them as an apply swaps a replacement. Readers wait for milliseconds.
// It is about as cheap as a plain REFRESH, and needs no index.

import type { LiveObject, LiveState, WantedObject } from '../../core/change.ts'
import { FdwsyncError } from '../../core/errors.ts'
import { type Key, keyOf, type ObjectId, type Relation, relationKey } from '../../core/object.ts'
import { trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { newSuffix } from '../../db/suffix.ts'
import { declaredAsIs } from '../../dependents/declared-as-is.ts'
import { createRunDigests, type RunDigests } from '../../introspector/digests.ts'
import { readCatalog } from '../../introspector/read-catalog.ts'
import { readingPath } from '../../introspector/transaction-settings.ts'
import type { CopySpec } from '../../kinds/facets/copy/copy.ts'
import { kindOf } from '../../kinds/registry.ts'
import { recordedUnder, updateIdentities } from '../../ledger/identities.ts'
import { requalify } from '../../parser/requalify.ts'
import { type Counted, countQuery, measure } from '../begin-refresh.ts'
import { MemberFailure, ReplacedMeanwhile } from '../failure.ts'
import { replace } from '../swap/replace.ts'
import type { Member, ReplacementSet } from '../swap/replacement-set.ts'
import type { Copy, Strategy, StrategyOutcome } from './strategy.ts'

export const swap: Strategy = {
  obstacle: ({ swapObstacle }) => swapObstacle,
  async run(transaction, chosen) {
    const { session, sources, searchPath, trust, signal, onRetry } = transaction
    const digests = createRunDigests()
    await session.run(readingPath)
    const copies = await withPresentOids(session, chosen)
    const owned = await recordedUnder(
      session,
      copies.map(({ oid }) => oid),
    )
    // Statistics get their names and schemas only in the end.
    const statistics = owned.filter(({ kind }) => kind === 'statistics')
    const others = owned.filter(({ kind }) => kind !== 'statistics')
    const scratchOf = scratchSchemasOf(copies)
    const recorded = new Set(owned.map(keyOf))
    const invalid = await readInvalidIndexes(session, copies)
    const members = await membersOf(session, copies, scratchOf, digests)
    const set: ReplacementSet = {
      members,
      // The indexes and statistics of a copy are recreated from the catalog, declared or not.
      declared: [],
      // An index whose creation by hand has failed would fail here, too.
      dropped: invalid.filter((id) => !recorded.has(keyOf(id))),
      finalNames: unchangedNames,
      searchPath,
      salt: digests.salt,
    }
    const successors = new Map<Key, StrategyOutcome>()
    const beforeSwap = async () => {
      await updateIdentities(session, await readSuccessors(session, others, scratchOf, digests))
      const measured = await measure(
        session,
        copies.map(({ id }) => ({ id: inScratch(id, scratchOf) })),
      )
      for (const [at, successor] of measured.entries()) if (copies[at]) successors.set(copies[at].key, { successor })
    }
    const context = { trust, signal, onRetry, checkSuccessor, beforeSwap, onRepointed: () => {} }
    try {
      await replace(context, session, sources, set)
    } catch (error) {
      throw (await wereReplaced(session, copies, error)) ? new ReplacedMeanwhile(titlesOf(copies)) : error
    }
    if (statistics.length > 0) {
      const { live } = await readCatalog(session, statistics, digests.salt)
      await updateIdentities(session, live)
    }
    return successors
  },
}

/** Another refresh may have swapped them since this one was planned. */
async function withPresentOids<Copies extends Copy>(
  session: Session,
  copies: readonly Copies[],
): Promise<readonly Copies[]> {
  const present = await session.query<Counted>(countQuery(copies))
  return copies.map((copy, at) => ({ ...copy, oid: present[at]?.oid ?? copy.oid }))
}

/** Whether that is why a swap has failed. */
async function wereReplaced(session: Session, copies: readonly Copy[], error: unknown): Promise<boolean> {
  const cause = error instanceof MemberFailure ? error.cause : error
  const wasChanged =
    cause instanceof FdwsyncError && cause.problems.some(({ code }) => code === 'object/changed-meanwhile')
  if (!wasChanged) return false
  const present = await session.query<Counted>(countQuery(copies))
  return present.some(({ oid }, at) => oid !== null && oid !== copies[at]?.oid)
}

function titlesOf(copies: readonly Copy[]): string {
  return copies.map(({ title }) => title).join(', ')
}

/** The scratch schema of each schema. */
type ScratchSchemas = ReadonlyMap<string, string>

function scratchSchemasOf(copies: readonly Copy[]): ScratchSchemas {
  const suffix = newSuffix()
  const schemas = [...new Set(copies.map(({ id }) => id.schema))]
  return new Map(schemas.map((schema, at) => [schema, `fdwsync_refresh_${suffix}_${at + 1}`]))
}

function inScratch<Id extends ObjectId>(id: Id, scratchOf: ScratchSchemas): Id {
  return 'schema' in id ? { ...id, schema: scratchOf.get(id.schema) ?? id.schema } : id
}

const invalidQuery = trusted(`
  SELECT nspname AS schema, c.relname AS name
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE i.indrelid = ANY ($1::oid[]) AND NOT i.indisvalid`)

async function readInvalidIndexes(session: Session, copies: readonly Copy[]): Promise<readonly ObjectId[]> {
  const rows = await session.query<Relation>(invalidQuery, [copies.map(({ oid }) => oid)])
  return rows.map(({ schema, name }) => ({ kind: 'index', schema, name }))
}

/** The successors, by the keys of what they will replace. Their digests do not depend on their schemas. */
async function readSuccessors(
  session: Session,
  ids: readonly ObjectId[],
  scratchOf: ScratchSchemas,
  { salt }: RunDigests,
): Promise<LiveState> {
  const successors = ids.map((id) => inScratch(id, scratchOf))
  const { live } = await readCatalog(session, successors, salt)
  return new Map(
    ids.flatMap((id, at) => {
      const successor = live.get(keyOf(successors[at] ?? id))
      return successor ? [[keyOf(id), successor] as const] : []
    }),
  )
}

const unchangedNames: ReplacementSet['finalNames'] = { inText: (text) => text, inData: (data) => data }

/** The replacements, each of a copy by itself as the catalog shows it now. */
async function membersOf(
  session: Session,
  copies: readonly Copy[],
  scratchOf: ScratchSchemas,
  digests: RunDigests,
): Promise<readonly Member[]> {
  const live = await readDefinitions(session, copies, digests)
  const swapped = new Set(copies.map(({ id }) => relationKey(id.schema, id.name)))
  const members: Member[] = []
  for (const { id, key, title, oid } of copies) {
    const from = live.get(key)
    if (!from) throw new FdwsyncError({ code: 'object/changed-meanwhile', message: `${title} was dropped meanwhile` })
    if (from.oid !== oid) throw new ReplacedMeanwhile(title)
    const declared = declaredAsIs(from, digests).spec as CopySpec // of the kind of the id
    // A copy that reads another one is built over the successor of that. The parser takes long to load.
    const query =
      copies.length === 1
        ? declared.query
        : await requalify(declared.query, ({ schema, name }) =>
            schema !== null && swapped.has(relationKey(schema, name)) ? scratchOf.get(schema) : undefined,
          )
    members.push(memberOf(id, from, { ...declared, query }, scratchOf.get(id.schema) ?? ''))
  }
  return members
}

/** Waits for sessions that are refreshing or altering the copies. */
async function readDefinitions(session: Session, copies: readonly Copy[], digests: RunDigests): Promise<LiveState> {
  // pg_get_viewdef keeps its lock until the savepoint is rolled back. The lock would block a REFRESH of what the copies read.
  await session.run(trusted('SAVEPOINT definitions'))
  await session.query(trusted('SELECT count(pg_get_viewdef(oid)) FROM pg_class WHERE oid = ANY ($1::oid[])'), [
    copies.map(({ oid }) => oid),
  ])
  const ids = copies.map(({ id }) => id)
  const { live } = await readCatalog(session, ids, digests.salt)
  await session.run(trusted('ROLLBACK TO definitions'))
  return live
}

function memberOf(id: Copy['id'], from: LiveObject, declared: CopySpec, scratch: string): Member {
  const { replacement, title } = kindOf(id)
  if (!replacement?.load) throw new Error('a copy can be built beside the old one, and loaded')
  const { spec } = from
  const to: WantedObject = { id, needs: from.needs, spec, declared, written: declared }
  const key = keyOf(id)
  return {
    key,
    title: title(id),
    scratch,
    path: 'catalog',
    statements: replacement.build(id, declared, scratch, spec),
    load: replacement.load(id, scratch, declared),
    children: replacement.complete?.(id, scratch, spec) ?? [],
    swap: replacement.swap(id, scratch, declared, spec),
    repoints: [],
    hazards: [],
    change: { op: 'replace', key, from, to, fields: [], how: 'beside', isUnmanaged: true },
    loses: [],
  }
}

const sameDefinitionQuery = trusted(`
  SELECT (SELECT jsonb_agg(jsonb_build_array(attname, atttypid, atttypmod, attcollation) ORDER BY attnum)
            FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped)
         IS NOT DISTINCT FROM -- a view may have no columns
         (SELECT jsonb_agg(jsonb_build_array(attname, atttypid, atttypmod, attcollation) ORDER BY attnum)
            FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
           WHERE nspname = $2 AND relname = $3 AND attnum > 0) AS same`)

/**
 * A successor has the same text as its original, since it was created from it, unless something has changed the meaning of that
 * text.
 */
async function checkSuccessor(session: Session, { title, change }: Member, { schema, name }: Relation): Promise<void> {
  const [row] = await session.query<{ same: boolean }>(sameDefinitionQuery, [change.from.oid, schema, name])
  if (row?.same) return
  throw new FdwsyncError({
    code: 'object/changed-meanwhile',
    message: `${title} was not swapped: recreated from its definition, it has other columns`,
    hint: 'Plan and apply, then refresh again.',
  })
}
