import type { FieldChange } from '../core/change.ts'
import { type IdOf, keyOf } from '../core/object.ts'
import {
  fragment,
  ident,
  join,
  literal,
  qualified,
  type Sql,
  type Statement,
  sql,
  statement,
  trusted,
} from '../core/sql.ts'
import {
  type Attributes,
  attributeChanges,
  attributeDefinition,
  attributeText,
  declaredAttributes,
  newAttributeComments,
  settleAttributes,
  withAttributeTypes,
  writtenAttributes,
} from './facets/attributes.ts'
import { alterStatements, clausesOf, replacedBy } from './facets/changes.ts'
import { type Check, checkClause, checkText, declaredChecks, withExpressions, writtenChecks } from './facets/checks.ts'
import { type Comment, commentChange, newComment } from './facets/comment.ts'
import { nameOf, type ObjectName, objectName, showName } from './facets/names.ts'
import { record } from './facets/options.ts'
import { notOfAnExtension, schemaOfPeople } from './facets/people.ts'
import { settle } from './facets/settle.ts'
import { partsOf, withParts } from './facets/type-parts.ts'
import { typesUsed } from './facets/types-used.ts'
import { present, withoutBrackets, writtenName } from './facets/written.ts'
import type { Kind } from './kind.ts'

/** An enumeration has values, a domain is a type with conditions, a composite type has attributes. */
export interface TypeSpec {
  readonly sort: 'enum' | 'domain' | 'composite'
  readonly values: readonly string[]
  /** What a domain is made of; its other parts follow. */
  readonly base: string | null
  readonly collation: ObjectName | null
  readonly notNull: boolean
  readonly default: string | null
  readonly checks: Readonly<Record<string, Check>>
  readonly attributes: Attributes
  readonly comment?: Comment
}

export const type: Kind<'type', TypeSpec> = {
  kind: 'type',
  rank: 2,
  locks: { create: 2, drop: 5 },
  catalog: 'pg_type',
  dropPolicy: 'owned',
  title: (id) => `type ${qualified(id.schema, id.name)}`,

  probe: {
    how: 'read-back',
    // Others must find it, and find its new values; to add one keeps nobody waiting.
    byName: {
      matters: ({ field }) => field === 'values',
      aside: (id, schema) => statement(sql`ALTER TYPE ${qualified(id.schema, id.name)} SET SCHEMA ${ident(schema)}`),
    },
    plain: ({ sort }) => sort === 'enum',
    wanted: (read, declared) => ({
      ...declared,
      base: read.base,
      collation: read.collation,
      default: read.default,
      checks: withExpressions(read.checks, declared.checks),
      attributes: withAttributeTypes(read.attributes, declared.attributes),
    }),
    standIn: (object, scratch) => ({ id: { kind: 'type', ...scratch }, spec: object.spec }),
  },

  declare: (manifest) => {
    const declared = Object.entries(manifest.schemas ?? {})
      .flatMap(([schema, { types }]) =>
        Object.entries(types ?? {}).map(([name, declared]) => ({
          id: { kind: 'type', schema, name } satisfies IdOf<'type'>,
          parts: partsOf(declared),
          spec: {
            sort: declared.enum ? 'enum' : declared.composite ? 'composite' : 'domain',
            values: declared.enum ?? [],
            base: declared.domain ?? null,
            collation: declared.collation === undefined ? null : objectName(declared.collation),
            notNull: declared.not_null ?? false,
            default: declared.default ?? null,
            checks: declaredChecks(declared.checks ?? {}),
            attributes: declaredAttributes(declared.composite ?? {}),
            comment: declared.comment,
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
    value: present({
      enum: spec.sort === 'enum' ? spec.values : undefined,
      composite: spec.sort === 'composite' ? writtenAttributes(spec.attributes) : undefined,
      domain: spec.base,
      collation: writtenName(spec.collation),
      not_null: spec.notNull,
      default: spec.default === null ? undefined : withoutBrackets(spec.default),
      checks: writtenChecks(spec.checks),
      comment: spec.comment,
    }),
  }),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'type', 'schema', nspname, 'name', typname) AS id
      FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace LEFT JOIN pg_class c ON c.oid = typrelid
     WHERE (typtype IN ('e', 'd') OR c.relkind = 'c')
       AND ${schemaOfPeople('nspname')} AND ${notOfAnExtension('pg_type', 't.oid')}`),

  catalogQuery: trusted(`
    SELECT jsonb_build_object('kind', 'type', 'schema', n.nspname, 'name', t.typname) AS id, t.oid,
           CASE WHEN t.typtype IN ('e', 'd') OR c.relkind = 'c' THEN NULL
                WHEN t.typtype = 'c' THEN 'relation' ELSE 'type of another sort' END AS occupied_by,
           json_build_object( -- not jsonb, which would lose the order of the attributes
             'sort', CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'composite' END,
             'values', (SELECT coalesce(jsonb_agg(enumlabel ORDER BY enumsortorder), '[]') FROM pg_enum WHERE enumtypid = t.oid),
             'base', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
             'collation', CASE WHEN t.typtype = 'd' AND t.typcollation <> base.typcollation THEN
                (SELECT jsonb_build_object('schema', cn.nspname, 'name', collname)
                   FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = t.typcollation) END,
             'notNull', t.typnotnull,
             'default', CASE WHEN t.typtype = 'd' THEN pg_get_expr(t.typdefaultbin, 0) END,
             'checks', (SELECT coalesce(json_object_agg(conname, json_build_object(
                 'expression', pg_get_expr(conbin, 0), 'noInherit', false,
                 'mark', CASE WHEN NOT convalidated THEN ' NOT VALID' END,
                 'comment', coalesce(obj_description(k.oid, 'pg_constraint'), '')) ORDER BY conname), '{}')
               FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),
             'attributes', (SELECT coalesce(json_object_agg(a.attname, json_build_object(
                 'type', format_type(a.atttypid, a.atttypmod),
                 'collation', CASE WHEN a.attcollation <> own.typcollation THEN
                    (SELECT jsonb_build_object('schema', cn.nspname, 'name', collname)
                       FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
                 'comment', coalesce(col_description(a.attrelid, a.attnum), '')) ORDER BY a.attnum), '{}')
               FROM pg_attribute a JOIN pg_type own ON own.oid = a.atttypid
              WHERE a.attrelid = t.typrelid AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped),
             'comment', coalesce(obj_description(t.oid, 'pg_type'), '')) AS spec,
           jsonb_build_array(jsonb_build_object('kind', 'schema', 'name', n.nspname)) ||
             ${typesUsed("((d.classid = 'pg_type'::regclass AND d.objid = t.oid) OR (d.classid = 'pg_class'::regclass AND d.objid = t.typrelid AND t.typrelid <> 0))")} AS needs
      FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
      JOIN pg_namespace n ON n.nspname = wanted.schema
      JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = wanted.name
      LEFT JOIN pg_class c ON c.oid = t.typrelid
      LEFT JOIN pg_type base ON base.oid = t.typbasetype`),

  settle: (wanted, last, live) => ({
    ...wanted,
    checks: record(
      Object.entries(wanted.checks).map(([name, check]) => [
        name,
        { ...check, comment: settle(check.comment, last?.checks[name]?.comment, live?.checks[name]?.comment, '') },
      ]),
    ),
    attributes: settleAttributes(wanted.attributes, last?.attributes, live?.attributes),
    comment: settle(wanted.comment, last?.comment, live?.comment, ''),
  }),

  compare(id, from, to, { declared }) {
    const name = qualified(id.schema, id.name)
    return [
      ...replacedBy('sort', from.sort, to.sort),
      ...valueChanges(name, from.values, to.values),
      ...replacedBy('domain', baseText(from), baseText(to)),
      ...domainChanges(name, from, to, declared),
      ...attributeChanges(name, from.attributes, to.attributes, declared.attributes),
      ...commentChange(sql`TYPE ${name}`, 'comment', from.comment, to.comment),
    ]
  },

  create(id, spec) {
    const name = qualified(id.schema, id.name)
    return [
      statement(definition(name, spec)),
      ...newComment(sql`TYPE ${name}`, spec.comment),
      ...newAttributeComments(name, spec.attributes),
      ...Object.entries(spec.checks).flatMap(([check, { comment }]) => newComment(checkTarget(name, check), comment)),
    ]
  },
  alter: (id, fields) => alterStatements(sql`ALTER TYPE ${qualified(id.schema, id.name)} `, clausesOf(fields), fields),
  drop: (id) => [statement(sql`DROP TYPE ${qualified(id.schema, id.name)}`)],
  summary: ({ sort }) => ({ enum: 'an enumeration', domain: 'a domain', composite: 'a composite type' })[sort],
  details: (spec) => [
    ...(spec.values.length > 0 ? [['values', valuesText(spec.values)] as const] : []),
    ...(spec.base === null ? [] : [['domain', domainText(spec)] as const]),
    ...Object.entries(spec.checks).map(([name, check]) => [`check ${name}`, checkText(check)] as const),
    ...Object.entries(spec.attributes).map(([name, each]) => [ident(name), attributeText(each)] as const),
  ],
}

const sorts = ['enum', 'domain', 'composite'] as const

function definition(name: Sql, spec: TypeSpec): Sql {
  switch (spec.sort) {
    case 'enum':
      return sql`CREATE TYPE ${name} AS ENUM (${join(spec.values.map(literal), ', ')})`
    case 'composite': {
      const attributes = Object.entries(spec.attributes).map(([attribute, each]) =>
        attributeDefinition(attribute, each),
      )
      return sql`CREATE TYPE ${name} AS (${join(attributes, ', ')})`
    }
    case 'domain': {
      const parts = [
        sql`CREATE DOMAIN ${name} AS ${fragment(spec.base ?? '')}`,
        spec.collation ? sql` COLLATE ${nameOf(spec.collation)}` : sql``,
        spec.default === null ? sql`` : sql` DEFAULT (${fragment(spec.default)})`,
        spec.notNull ? sql` NOT NULL` : sql``,
        ...Object.entries(spec.checks).map(([check, each]) => sql` ${checkClause(check, each)}`),
      ]
      return join(parts, '')
    }
  }
}

function checkTarget(name: Sql, check: string): Sql {
  return sql`CONSTRAINT ${ident(check)} ON DOMAIN ${name}`
}

function valuesText(values: readonly string[]): string {
  return values.map(literal).join(', ')
}

function baseText({ base, collation }: TypeSpec): string | undefined {
  return base === null ? undefined : `${base}${collation ? ` COLLATE ${showName(collation)}` : ''}`
}

function domainText(spec: TypeSpec): string {
  return [baseText(spec) ?? '', spec.notNull ? 'not null' : '', spec.default === null ? '' : `default ${spec.default}`]
    .filter((part) => part !== '')
    .join(' ')
}

/** Values can be added anywhere, but neither removed nor moved: what is stored stands for its place. */
function valueChanges(name: Sql, from: readonly string[], to: readonly string[]): readonly FieldChange[] {
  if (JSON.stringify(from) === JSON.stringify(to)) return []
  const kept = to.filter((value) => from.includes(value))
  const change = { field: 'values', from: valuesText(from) || undefined, to: valuesText(to) || undefined }
  if (JSON.stringify(kept) !== JSON.stringify(from)) return [{ ...change, effect: { how: 'replace' } }]
  const additions = to.flatMap((value, at) => {
    if (from.includes(value)) return []
    const before = to[at - 1]
    const place = before === undefined ? sql` BEFORE ${literal(from[0] ?? '')}` : sql` AFTER ${literal(before)}`
    return [sql`ALTER TYPE ${name} ADD VALUE ${literal(value)}${from.length === 0 ? sql`` : place}`]
  })
  return [
    { ...change, effect: { how: 'statement', statement: statement(join(additions, ';\n')), committedFirst: true } },
  ]
}

function domainChanges(name: Sql, from: TypeSpec, to: TypeSpec, declared: TypeSpec): readonly FieldChange[] {
  const change = (field: string, was: string | null, is: string | null, what: Sql): readonly FieldChange[] => {
    const effect = { how: 'statement', statement: statement(sql`ALTER DOMAIN ${name} ${what}`) } as const
    return was === is ? [] : [{ field, from: was ?? undefined, to: is ?? undefined, effect }]
  }
  const set = declared.default === null ? sql`DROP DEFAULT` : sql`SET DEFAULT (${fragment(declared.default)})`
  const yes = (is: boolean) => (is ? 'yes' : 'no')
  return [
    ...change('default', from.default, to.default, set),
    ...change('not null', yes(from.notNull), yes(to.notNull), to.notNull ? sql`SET NOT NULL` : sql`DROP NOT NULL`),
    ...domainCheckChanges(name, from, to, declared),
  ]
}

function domainCheckChanges(name: Sql, from: TypeSpec, to: TypeSpec, declared: TypeSpec): readonly FieldChange[] {
  const names = [...new Set([...Object.keys(from.checks), ...Object.keys(to.checks)])]
  return names.flatMap((check): readonly FieldChange[] => {
    const before = Object.hasOwn(from.checks, check) ? from.checks[check] : undefined
    const after = Object.hasOwn(to.checks, check) ? to.checks[check] : undefined
    const [was, is] = [before && checkText(before), after && checkText(after)]
    const comment = (present: string | undefined) =>
      commentChange(checkTarget(name, check), `check ${check} comment`, present, after?.comment)
    if (was === is) return comment(before?.comment)
    const alter = sql`ALTER DOMAIN ${name}`
    const statements: readonly Sql[] = [
      ...(before ? [sql`${alter} DROP CONSTRAINT ${ident(check)}`] : []),
      ...(after ? [sql`${alter} ADD ${checkClause(check, declared.checks[check] ?? after)}`] : []),
    ]
    const effect: { how: 'statement'; statement: Statement } = {
      how: 'statement',
      statement: statement(join(statements, ';\n')),
    }
    return [{ field: `check ${check}`, from: was, to: is, effect }, ...(after ? comment(undefined) : [])]
  })
}
