// Types: enumerations, domains, ranges and composite types.
import { type IdOf, keyOf } from '../../core/object.ts'
import { fragment, ident, join, literal, qualified, type Sql, sql, statement, trusted } from '../../core/sql.ts'
import {
  type Access,
  type AccessTarget,
  accessChanges,
  accessDetails,
  declaredAccess,
  newAccess,
  rolesOf,
  settleAccess,
  withoutAccess,
  writtenAccess,
} from '../facets/access.ts'
import { accessHazards } from '../facets/access-hazards.ts'
import { alterStatements, clausesOf, replacedBy } from '../facets/changes.ts'
import {
  type Check,
  checkClause,
  checkText,
  declaredChecks,
  withExpressions,
  writtenChecks,
} from '../facets/columns/checks.ts'
import { type Comment, commentChange, commentDetails, newComment } from '../facets/comment.ts'
import { settle, settleComments } from '../facets/defaults.ts'
import type { Grant } from '../facets/grants.ts'
import { declaredIgnore, type Ignoring } from '../facets/ignored.ts'
import { nameOf, type ObjectName, objectName } from '../facets/names.ts'
import { declaredProtection, type Protection } from '../facets/protection.ts'
import { asideInSchema, enterSchema, typeRenaming } from '../facets/renaming.ts'
import { present, withoutBrackets, writtenName } from '../facets/stanza.ts'
import { isUserSchema, notOfAnExtension } from '../facets/user-objects.ts'
import type { DeclaredKind } from '../kind.ts'
import {
  type Attributes,
  attributeChanges,
  attributeDefinition,
  attributeText,
  declaredAttributes,
  inOrder,
  newAttributeComments,
  orderChange,
  withAttributeTypes,
  writtenAttributes,
} from './attributes.ts'
import { isDeclarableRange, typeCatalog } from './catalog.ts'
import { addCheck, baseText, checkTarget, domainChanges, domainText } from './domain.ts'
import { partExpressions, partsOf, withPartNames, withParts } from './parts.ts'
import { declaredRange, multirangeText, rangeDefinition, rangeText, standInMultirange, writtenRange } from './range.ts'
import { renamedBack, valueChanges, valuesText } from './values.ts'

export interface TypeSpec extends Access, Ignoring, Protection {
  readonly sort: 'enum' | 'domain' | 'range' | 'composite'
  readonly values: readonly string[]
  /** The collation of a domain or a range. */
  readonly collation: ObjectName | null
  /** The base type of a domain. This attribute and the next three exist only for domains. */
  readonly base: string | null
  readonly notNull: boolean
  readonly default: string | null
  readonly checks: Readonly<Record<string, Check>>
  /**
   * The type of the bounds. This attribute and the next two exist only for ranges; undefined if an older release recorded the type.
   */
  readonly subtype?: string | null | undefined
  readonly subtypeDiff?: ObjectName | null | undefined
  /** Without a schema, it is in that of the range. */
  readonly multirange?: ObjectName | null | undefined
  readonly attributes: Attributes
  /** The names of the attributes: the ledger does not keep the order of a map. Undefined if an older release recorded it. */
  readonly order?: readonly string[]
  readonly comment?: Comment
}

export const type: DeclaredKind<'type', TypeSpec> = {
  kind: 'type',
  rank: 2,
  locks: { create: 2, drop: 5 },
  catalog: 'pg_type',
  dropPolicy: 'owned',
  title: (id) => `type ${qualified(id.schema, id.name)}`,

  probe: {
    how: 'read-back',
    // Other objects depend on its values, and adding one blocks no session.
    byName: {
      affectsOthers: ({ field }) => ['values', 'attributes'].includes(field) || /^(?:attribute|value) /.test(field),
      renameWithin: (id, wanted, live) => renamedBack(qualified(id.schema, id.name), wanted.values, live.values),
      namesWithin: ({ multirange }) => (multirange ? [multirange.name] : []),
      functionsWithin: ({ name }, { multirange }) => (multirange ? [name, multirange.name] : []),
      intoSchema: (id, schema) =>
        statement(sql`ALTER TYPE ${qualified(id.schema, id.name)} SET SCHEMA ${ident(schema)}`),
    },
    isVerbatim: ({ sort }) => sort === 'enum',
    wanted: (read, declared) => ({
      ...declared,
      base: read.base,
      collation: read.collation,
      subtype: read.subtype,
      subtypeDiff: read.subtypeDiff,
      default: read.default,
      checks: withExpressions(read.checks, declared.checks),
      attributes: withAttributeTypes(read.attributes, declared.attributes),
    }),
    standIn: ({ id, spec }, scratch) => ({
      id: { kind: 'type', ...scratch },
      spec: {
        ...withoutAccess(spec),
        multirange: spec.multirange && standInMultirange(id.name, spec.multirange, scratch.name),
      },
    }),
  },

  declare: (manifest) => {
    const declared = Object.entries(manifest.schemas ?? {})
      .flatMap(([schema, { types }]) =>
        Object.entries(types ?? {}).map(([name, declared]) => ({
          id: { kind: 'type', schema, name } satisfies IdOf<'type'>,
          parts: partsOf(declared),
          spec: {
            sort: sortOf(declared),
            values: declared.enum ?? [],
            base: declared.domain ?? null,
            collation: declared.collation === undefined ? null : objectName(declared.collation),
            ...declaredRange(name, declared),
            notNull: declared.not_null ?? false,
            default: declared.default ?? null,
            checks: declaredChecks(declared.checks ?? {}),
            attributes: declaredAttributes(declared.composite ?? {}),
            order: Object.keys(declared.composite ?? {}),
            comment: declared.comment,
            ...declaredAccess(declared),
            ...declaredProtection(declared),
            ...declaredIgnore(declared),
          } satisfies TypeSpec,
          needs: [keyOf({ kind: 'schema', name: schema })],
          path: ['schemas', schema, 'types', name],
        })),
      )
      .sort((left, right) => sorts.indexOf(left.spec.sort) - sorts.indexOf(right.spec.sort))
    return withParts(declared, manifest.search_path ?? ['public']).map(({ parts: _, ...object }) => object)
  },

  write: (id, spec) => ({
    path: ['schemas', id.schema, 'types', id.name],
    value: {
      // Not inside present(): both may be empty.
      ...(spec.sort === 'enum' ? { enum: spec.values } : {}),
      ...(spec.sort === 'composite' ? { composite: writtenAttributes(inOrder(spec.attributes, spec.order)) } : {}),
      ...present({
        domain: spec.base,
        ...writtenRange(id.name, spec),
        collation: writtenName(spec.collation),
        not_null: spec.notNull,
        default: spec.default === null ? undefined : withoutBrackets(spec.default),
        checks: writtenChecks(spec.checks),
        comment: spec.comment,
      }),
      ...writtenAccess(spec, defaultGrants),
    },
  }),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'type', 'schema', nspname, 'name', typname) AS id
      FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace LEFT JOIN pg_class c ON c.oid = typrelid
     WHERE (typtype IN ('e', 'd') OR c.relkind = 'c' OR ${isDeclarableRange})
       AND ${isUserSchema('nspname')} AND ${notOfAnExtension('pg_type', 't.oid')}`),

  catalogQuery: typeCatalog,

  settle: (wanted, last, live) => ({
    ...wanted,
    checks: settleComments(wanted.checks, last?.checks, live?.checks),
    attributes: settleComments(wanted.attributes, last?.attributes, live?.attributes),
    comment: settle(wanted.comment, last?.comment, live?.comment, ''),
    ...settleAccess(wanted, last, live, defaultGrants),
  }),

  compare(id, from, to, { declared }) {
    const name = qualified(id.schema, id.name)
    return [
      ...replacedBy('sort', from.sort, to.sort),
      ...valueChanges(name, from.values, to.values),
      ...replacedBy('domain', baseText(from), baseText(to)),
      ...replacedBy('range', rangeText(from), rangeText(to)),
      // A renamed one would have another name in all SQL that is probed before the plan renames it.
      ...replacedBy('multirange', multirangeText(from), multirangeText(to)),
      ...domainChanges(name, from, to, declared),
      ...orderChange(from.order, to.order),
      ...attributeChanges(name, from.attributes, to.attributes, declared.attributes),
      ...commentChange(sql`TYPE ${name}`, 'comment', from.comment, to.comment),
      ...accessChanges(target(id), from, to),
    ]
  },

  create(id, spec) {
    const name = qualified(id.schema, id.name)
    return [
      statement(definition(id, spec)),
      ...checksOf(spec, true).map(([check, each]) => statement(addCheck(name, check, each))),
      ...newComment(sql`TYPE ${name}`, spec.comment),
      ...newAttributeComments(name, spec.attributes),
      ...Object.entries(spec.checks).flatMap(([check, { comment }]) => newComment(checkTarget(name, check), comment)),
      ...newAccess(target(id), spec),
    ]
  },
  alter: (id, fields) => alterStatements(sql`ALTER TYPE ${qualified(id.schema, id.name)} `, clausesOf(fields), fields),
  drop: (id) => [statement(sql`DROP TYPE ${qualified(id.schema, id.name)}`)],
  // The multirange type of the old range would keep its name, and so would the constructors of both.
  aside: { ...asideInSchema('type', sql`TYPE`), isPossible: ({ sort }) => sort !== 'range' },
  renaming: { ...typeRenaming, withNames: withPartNames },
  // A composite type or a domain over the rows of a relation that is replaced.
  replacement: {
    onlyIfUsed: true,
    onlyWithWhatItUses: true,
    inScratch: true,
    build: (id, spec, scratch) => type.create({ ...id, schema: scratch }, spec),
    swap: (id, scratch) => ({ out: type.drop(id), in: enterSchema(sql`TYPE`, scratch, id) }),
  },
  typedExpressions: partExpressions,
  display: {
    summary: ({ sort }) => sortTitles[sort],
    details: (spec) => [
      ...(spec.values.length > 0 ? [['values', valuesText(spec.values)] as const] : []),
      ...(spec.base === null ? [] : [['domain', domainText(spec)] as const]),
      ...(spec.sort === 'range' ? [['range', rangeText(spec) ?? ''] as const] : []),
      ...Object.entries(spec.checks).map(([name, check]) => [`check ${name}`, checkText(check)] as const),
      ...Object.entries(spec.attributes).map(([name, each]) => [ident(name), attributeText(each)] as const),
      ...commentDetails(spec),
      ...accessDetails(spec),
    ],
  },
  preconditions: { roles: rolesOf },
  hazards: accessHazards,
}

/** PUBLIC may use a type, unless that is revoked. */
const defaultGrants: readonly Grant[] = [{ privilege: 'usage', role: null, column: null, grantable: false }]

function target({ schema, name }: IdOf<'type'>): AccessTarget {
  const object = sql`TYPE ${qualified(schema, name)}`
  const defaults = sql`SELECT t.typowner AS owner, t.typacl AS acl, coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner)) AS privileges
    FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.=) ${literal(qualified(schema, name))}::pg_catalog.regtype`
  return { object, securable: object, defaults }
}

/** CREATE DOMAIN has no NOT VALID, so marked checks are added after it. */
function checksOf({ checks }: TypeSpec, isMarked: boolean): readonly (readonly [name: string, check: Check])[] {
  return Object.entries(checks).filter(([, { mark }]) => Boolean(mark) === isMarked)
}

const sorts = ['enum', 'domain', 'range', 'composite'] as const

const sortTitles = {
  enum: 'an enumeration',
  domain: 'a domain',
  range: 'a range type',
  composite: 'a composite type',
} as const satisfies Record<TypeSpec['sort'], string>

function sortOf(declared: { readonly [Sort in TypeSpec['sort']]?: unknown }): TypeSpec['sort'] {
  return sorts.find((sort) => declared[sort] !== undefined) ?? 'domain'
}

function definition({ schema, name: ownName }: IdOf<'type'>, spec: TypeSpec): Sql {
  const name = qualified(schema, ownName)
  switch (spec.sort) {
    case 'enum':
      return sql`CREATE TYPE ${name} AS ENUM (${join(spec.values.map(literal), ', ')})`
    case 'composite': {
      const attributes = Object.entries(spec.attributes).map(([attribute, each]) =>
        attributeDefinition(attribute, each),
      )
      return sql`CREATE TYPE ${name} AS (${join(attributes, ', ')})`
    }
    case 'range':
      return sql`CREATE TYPE ${name} AS RANGE (${rangeDefinition(schema, spec)})`
    case 'domain': {
      const parts = [
        sql`CREATE DOMAIN ${name} AS ${fragment(spec.base ?? '')}`,
        spec.collation ? sql` COLLATE ${nameOf(spec.collation)}` : sql``,
        spec.default === null ? sql`` : sql` DEFAULT (${fragment(spec.default)})`,
        spec.notNull ? sql` NOT NULL` : sql``,
        ...checksOf(spec, false).map(([check, each]) => sql` ${checkClause(check, each)}`),
      ]
      return join(parts, '')
    }
  }
}
