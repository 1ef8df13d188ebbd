// Refresh policies of copies. They are rows of the ledger, so PostgreSQL's own catalogs know nothing of them.
import type { FieldChange } from '../core/change.ts'
import { canonicalJson } from '../core/data.ts'
import { formatDuration } from '../core/duration.ts'
import { type IdOf, isCopyId, type Key, keyOf } from '../core/object.ts'
import { isDefaultPolicy, type RefreshPolicy } from '../core/refresh-policy.ts'
import { join, literal, qualified, resolved, type Sql, sql, statement, trusted } from '../core/sql.ts'
import { watermarkStanza, watermarkText } from '../core/watermark.ts'
import { copyPath } from '../manifest/copies.ts'
import { refreshPolicies } from '../manifest/expansion/refresh-policies.ts'
import { alterStatements, clausesOf } from './facets/changes.ts'
import { present, type Written } from './facets/stanza.ts'
import type { DeclaredKind } from './kind.ts'

export const refreshPolicy: DeclaredKind<'refreshPolicy', RefreshPolicy> = {
  kind: 'refreshPolicy',
  rank: 8,
  locks: { create: 0, drop: 0 },
  catalog: 'fdwsync.policy',
  dropPolicy: 'owned',
  title: (id) => `refresh policy of ${qualified(id.schema, id.name)}`,
  probe: { how: 'none' },

  // A copy without a policy has the default one.
  declare: (manifest) =>
    refreshPolicies(manifest).flatMap(({ copy: { schema, name }, policy, path }) => {
      const id: IdOf<'refreshPolicy'> = { kind: 'refreshPolicy', schema, name }
      return isDefaultPolicy(policy) ? [] : [{ id, spec: policy, needs: [], path }]
    }),

  // A policy belongs to a manifest, not to the database. So it is neither exported nor listed as unmanaged.
  write: (id, spec) => ({
    path: [...copyPath({ ...id, kind: 'materializedView' }), 'refresh'],
    value: present(Object.fromEntries(attributes.map(({ key, textOf, writtenAs = textOf }) => [key, writtenAs(spec)]))),
  }),
  listQuery: trusted('SELECT NULL::jsonb AS id WHERE false'),

  catalogQuery: trusted(`
    SELECT jsonb_build_object('kind', 'refreshPolicy', 'schema', wanted.schema, 'name', wanted.name) AS id, 0::oid AS oid,
           jsonb_strip_nulls(jsonb_build_object(
             'strategy', p.strategy,
             'maxAgeMilliseconds', (extract(epoch FROM p.max_age) * 1000)::bigint,
             'schedule', p.schedule,
             'timeoutMilliseconds', (extract(epoch FROM p.timeout) * 1000)::bigint,
             'skipIfSame', p.skip_if_same,
             'group', p.group_name,
             'watermark', to_jsonb(p) -> 'watermark')) AS spec
      FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
      JOIN fdwsync.policy p ON p.address IN (${address('refreshPolicy')}, ${address('materializedView')})`),

  settle: (wanted) => wanted,

  compare: (_id, from, to) =>
    attributes.flatMap(({ name, column, textOf, storedAs = textOf }): readonly FieldChange[] => {
      const [before, after] = [textOf(from), textOf(to)]
      if (before === after) return []
      return [
        {
          field: name,
          from: before,
          to: after,
          effect: { how: 'clause', clause: [sql`${column} = ${value(storedAs(to))}`] },
        },
      ]
    }),

  create: (id, spec) => {
    const columns = attributes.map(({ column }) => column)
    const values = attributes.map(({ textOf, storedAs = textOf }) => value(storedAs(spec)))
    const row = [literal(keyOf(id)), ...values]
    const insert = sql`INSERT INTO fdwsync.policy (${join([sql`address`, ...columns], ', ')}) VALUES (${join(row, ', ')})`
    return [resolved(statement(insert))]
  },
  alter: (id, changed) =>
    alterStatements(sql`UPDATE fdwsync.policy SET `, clausesOf(changed), changed).map((update) =>
      resolved({ ...update, sql: sql`${update.sql} ${at(id)}` }),
    ),
  drop: (id) => [resolved(statement(sql`DELETE FROM fdwsync.policy ${at(id)}`))],

  belongsTo: {
    ownersOf: copiesOf,
    under: (id, renamed) => (isCopyId(renamed) ? { ...id, schema: renamed.schema, name: renamed.name } : id),
  },
  display: {
    isShownWithOwner: true,
    summary: (spec) =>
      attributes
        .flatMap(({ name, isShort, textOf }) => {
          const text = textOf(spec)
          return isShort && text !== undefined ? [`${name} ${text}`] : []
        })
        .join(' · '),
    details: (spec) => (spec.skipIfSame === undefined ? [] : [['skip if same', spec.skipIfSame]]),
  },
}

/** An address as the ledger has it: what `keyOf` returns. Before version 16 of the ledger it was that of the copy. */
function address(kind: 'refreshPolicy' | 'materializedView'): string {
  return `format('["${kind}",%s,%s]', to_json(wanted.schema), to_json(wanted.name))`
}

/** The copy that has the policy is of one of these kinds, which share a namespace. */
function copiesOf({ schema, name }: IdOf<'refreshPolicy'>): readonly Key[] {
  return [keyOf({ kind: 'materializedView', schema, name }), keyOf({ kind: 'table', schema, name })]
}

function at(id: IdOf<'refreshPolicy'>): Sql {
  return sql`WHERE address = ${literal(keyOf(id))}`
}

interface Attribute {
  /** The name in a manifest. */
  readonly key: string
  /** The name in a plan. */
  readonly name: string
  /** The column of `fdwsync.policy`. */
  readonly column: Sql
  /** Whether it fits into a line. */
  readonly isShort: boolean
  textOf(policy: RefreshPolicy): string | undefined
  /** The value in that column, if it is not the text. */
  storedAs?(policy: RefreshPolicy): string | undefined
  /** The value in a manifest, if it is not the text. */
  writtenAs?(policy: RefreshPolicy): Written | undefined
}

const attributes: readonly Attribute[] = [
  { key: 'strategy', name: 'strategy', column: sql`strategy`, isShort: true, textOf: ({ strategy }) => strategy },
  {
    key: 'max_age',
    name: 'max age',
    column: sql`max_age`,
    isShort: true,
    textOf: ({ maxAgeMilliseconds }) => durationText(maxAgeMilliseconds),
  },
  { key: 'schedule', name: 'schedule', column: sql`schedule`, isShort: true, textOf: ({ schedule }) => schedule },
  {
    key: 'timeout',
    name: 'timeout',
    column: sql`timeout`,
    isShort: true,
    textOf: ({ timeoutMilliseconds }) => durationText(timeoutMilliseconds),
  },
  {
    key: 'skip_if_same',
    name: 'skip if same',
    column: sql`skip_if_same`,
    isShort: false,
    textOf: ({ skipIfSame }) => skipIfSame,
  },
  { key: 'group', name: 'group', column: sql`group_name`, isShort: true, textOf: ({ group }) => group },
  {
    key: 'watermark',
    name: 'watermark',
    column: sql`watermark`,
    isShort: true,
    textOf: ({ watermark }) => watermark && watermarkText(watermark),
    storedAs: ({ watermark }) => watermark && canonicalJson(watermark),
    writtenAs: ({ watermark }) => watermark && { ...watermarkStanza(watermark) },
  },
]

function durationText(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : formatDuration(milliseconds)
}

function value(text: string | undefined): Sql {
  return text === undefined ? sql`NULL` : literal(text)
}
