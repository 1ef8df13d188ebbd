// What materialized views and tables have in common: a query, the columns that follow from it, storage, owner and grants.
import type { FieldChange } from '../../../core/change.ts'
import type { CopyId, Relation } from '../../../core/object.ts'
import { ident, qualified, type Sql, type Statement, sql, withoutSemicolon } from '../../../core/sql.ts'
import type { KindOf, Preconditions } from '../../kind.ts'
import type { MatchedToLive, Probe } from '../../probing.ts'
import {
  type Access,
  accessChanges,
  accessNeedsNewer,
  declaredAccess,
  grantsUnder,
  missingColumns,
  newAccess,
  onColumns,
  relationAccess,
  rolesOf,
  settleAccess,
  withoutAccess,
  writtenAccess,
} from '../access.ts'
import { replacedBy } from '../changes.ts'
import { type Comment, commentChange, newComment } from '../comment.ts'
import { settle } from '../defaults.ts'
import { declaredIgnore, type Ignoring } from '../ignored.ts'
import { type Options, record } from '../options.ts'
import { declaredProtection, type Protection } from '../protection.ts'
import { present, type WrittenMap, writtenOptions } from '../stanza.ts'
import {
  storageChanges,
  storageClause,
  type Tablespace,
  tablespaceChange,
  untoastable,
  writtenTablespace,
} from '../storage.ts'
import { columnRenames, renameChange, renameColumns, settingsUnder, underNewNames } from './column-renames.ts'
import {
  type DeclaredViewColumns,
  declaredViewColumns,
  missingViewColumns,
  newViewColumnSettings,
  settingsOf,
  settleViewColumns,
  viewColumnChanges,
  withSettings,
  writtenViewColumns,
} from './columns.ts'
import { queryChanges, renamesIn, renamesOf, typeChanges, type ViewQuery } from './query.ts'

export interface CopySpec extends Access, Ignoring, Protection, Tablespace, ViewQuery {
  readonly declaredColumns?: DeclaredViewColumns
  /** Null: the server's default. */
  readonly accessMethod: string | null
  /** Live only. */
  readonly defaultAccessMethod?: string
  /** Live only: whether it has a TOAST table, which stores `toast.*` parameters. */
  readonly hasToast?: boolean | undefined
  /** Live only, for exports: the index that it is clustered on. The mark is an attribute of the index. */
  readonly clusterOn?: string | null
  readonly with?: Options | undefined
  /** Declared: whether fdwsync loads it. Live: whether it has been loaded. It is never emptied. */
  readonly populated: boolean
  readonly comment?: Comment
}

type Stanza = Parameters<typeof declaredAccess>[0] &
  Parameters<typeof declaredProtection>[0] &
  Parameters<typeof declaredIgnore>[0] & {
    readonly query: string
    readonly columns?: Parameters<typeof declaredViewColumns>[0]
    readonly access_method?: string
    readonly tablespace?: string
    readonly with?: Readonly<Record<string, string>>
    readonly populate?: boolean
    readonly comment?: string
  }

export function declaredCopy(declared: Stanza): CopySpec {
  return {
    query: withoutSemicolon(declared.query),
    columns: [],
    declaredColumns: declaredViewColumns(declared.columns),
    accessMethod: declared.access_method ?? null,
    tablespace: declared.tablespace ?? null,
    with: declared.with && record(Object.entries(declared.with)),
    populated: declared.populate ?? true,
    comment: declared.comment,
    ...declaredProtection(declared),
    ...declaredIgnore(declared),
    ...declaredAccess(declared),
  }
}

/** The inverse of {@link declaredCopy}. Only white space before the query is removed: within it may be part of a string. */
export function writtenCopy(spec: CopySpec): WrittenMap {
  return {
    query: spec.query.trimStart(),
    ...(spec.populated ? {} : { populate: false }),
    ...present({
      columns: writtenViewColumns(spec.columns),
      access_method: spec.accessMethod === spec.defaultAccessMethod ? undefined : spec.accessMethod,
      with: writtenOptions(spec.with),
      tablespace: writtenTablespace(spec),
      cluster_on: spec.clusterOn,
    }),
    ...writtenAccess(spec),
    ...present({ comment: spec.comment }),
  }
}

export function settleCopy<Spec extends CopySpec>(wanted: Spec, last: Spec | undefined, live: Spec | undefined): Spec {
  return {
    ...wanted,
    declaredColumns: settleViewColumns(columnsDeclared(wanted), last?.declaredColumns, live?.columns ?? []),
    with: settle(wanted.with, last?.with, live?.with, {}),
    comment: settle(wanted.comment, last?.comment, live?.comment, ''),
    ...settleAccess(wanted, last, live),
  }
}

/**
 * How such a kind is probed.
 * @param objectsOf the relations with the columns of a stand-in, each as after ALTER
 */
export function copyProbe<Id extends CopyId, Spec extends CopySpec>(
  kind: Id['kind'],
  objectsOf: (standIn: Relation) => readonly Sql[],
) {
  return {
    how: 'read-back',
    wanted: (read, declared, matched, equivalentDeparse) => ({
      ...declared,
      query: read.query,
      equivalentDeparse,
      columns: withSettings(
        read.columns,
        settingsUnder(columnsDeclared(declared), renamesOf(read, matched), matched?.live.columns ?? []),
      ),
      queryUnderLiveNames: matched?.read.query,
      hasToast: read.hasToast,
      grants: wantedGrants(read, declared, matched),
    }),
    matchLive: (id, read, live) =>
      renameColumns(objectsOf(id), read.columns, columnRenames(read.columns, live.columns)),
    standIn: (object, scratch) => ({
      id: { kind, ...scratch } as Id, // the parts of a CopyId
      // Settled settings may be of columns that the query no longer has.
      spec: { ...withoutAccess(object.spec), declaredColumns: { ...columnsDeclared(object.spec), settings: {} } },
    }),
  } satisfies Probe<Id, Spec>
}

/**
 * The changes, except those of attributes that only one of the two kinds has.
 * @param word follows ALTER
 * @param objects the relations with the columns, each as after ALTER
 */
export function copyChanges(
  id: CopyId,
  word: Sql,
  objects: readonly Sql[],
  live: CopySpec,
  to: CopySpec,
): readonly FieldChange[] {
  const name = qualified(id.schema, id.name)
  const alter = sql`ALTER ${word} ${name}`
  const renames = renamesIn(live, to)
  const from = underNewNames(live, renames)
  return [
    ...(renames.size > 0
      ? [renameChange(objects, live.columns, renames), ...typeChanges(from, to)]
      : queryChanges(from, to)),
    // ALTER is possible from 15 on, but rewrites the relation while readers wait.
    ...replacedBy('access method', from.accessMethod ?? undefined, to.accessMethod ?? from.defaultAccessMethod),
    ...tablespaceChange(alter, from, to),
    ...storageChanges(alter, from.with ?? {}, to.with ?? from.with ?? {}),
    ...viewColumnChanges(word, name, from.columns, to.columns),
    ...(to.populated && !from.populated ? [unpopulated] : []),
    ...commentChange(sql`${word} ${name}`, 'comment', from.comment, to.comment),
    ...accessChanges(relationAccess(id), from, to),
  ]
}

const unpopulated: FieldChange = { field: 'populated', from: 'no', to: 'yes', effect: { how: 'populate' } }

/** The clauses between the name and AS in CREATE. */
export function storageClauses(spec: CopySpec): Sql {
  const method = spec.accessMethod === null ? sql`` : sql` USING ${ident(spec.accessMethod)}`
  const tablespace = spec.tablespace === null ? sql`` : sql` TABLESPACE ${ident(spec.tablespace)}`
  return sql`${method}${storageClause(spec.with)}${tablespace}`
}

/** The statements for a new copy after its CREATE. */
export function newCopySettings(id: CopyId, word: Sql, spec: CopySpec): readonly Statement[] {
  const name = qualified(id.schema, id.name)
  return [
    ...newViewColumnSettings(word, name, columnsDeclared(spec), settingsNames(spec)),
    ...newAccess(relationAccess(id), spec),
  ]
}

/**
 * The same for a successor in a scratch schema. A column that is also renamed has its settings and grants under the new name
 * only in what is wanted.
 */
export function successorSettings(id: CopyId, word: Sql, spec: CopySpec, wanted: CopySpec): readonly Statement[] {
  const columns = columnNames(wanted)
  return [
    ...newViewColumnSettings(word, qualified(id.schema, id.name), settingsOf(wanted.columns), columns),
    ...newAccess(
      relationAccess(id),
      onColumns({ ...spec, grants: wanted.grants }, () => columns),
    ),
  ]
}

export function newCopyComment(id: CopyId, word: Sql, { comment }: CopySpec): readonly Statement[] {
  return newComment(sql`${word} ${qualified(id.schema, id.name)}`, comment)
}

/** The members that depend on the spec alone. */
export const copyMembers = {
  query: {
    text: (spec: CopySpec) => spec.query,
    withText: <Spec extends CopySpec>(spec: Spec, query: string): Spec => ({ ...spec, query }),
  },
  ownerOf: ({ owner }: CopySpec) => owner,
  sqlFragments: (spec: CopySpec) => [spec.query],
} satisfies Partial<KindOf<CopyId, CopySpec>>

export const copyPreconditions: Preconditions<CopySpec> = {
  roles: rolesOf,
  needsNewer: accessNeedsNewer,
  validateAgainstProbe: (written, wanted) =>
    missingColumns(written, columnNames(wanted)) ??
    missingViewColumns(columnsDeclared(written), columnNames(wanted)) ??
    untoastable(written.with, wanted.hasToast),
}

/** Grants that the manifest leaves open stay with columns that are renamed. */
function wantedGrants(
  read: CopySpec,
  declared: CopySpec,
  matched: MatchedToLive<CopySpec> | undefined,
): Access['grants'] {
  const isLeftAlone = matched?.live.query === matched?.read.query && declared.grants === matched?.live.grants
  if (matched && isLeftAlone) return grantsUnder(declared.grants, renamesOf(read, matched))
  return onColumns(declared, () => columnNames(read)).grants
}

export function columnsDeclared({ declaredColumns }: CopySpec): DeclaredViewColumns {
  return declaredColumns ?? { names: [], settings: {} }
}

function settingsNames(spec: CopySpec): ReadonlySet<string> {
  return new Set(Object.keys(columnsDeclared(spec).settings))
}

export function columnNames({ columns }: CopySpec): ReadonlySet<string> {
  return new Set(columns.map(({ name }) => name))
}
