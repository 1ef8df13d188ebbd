// How the columns of a foreign table are changed, in an order that PostgreSQL accepts.
import type { FieldChange } from '../../../core/change.ts'
import { fragment, ident, joinParts, type Parts, type Sql, sql, statement } from '../../../core/sql.ts'
import { nameOf, sameName } from '../names.ts'
import { areSameTexts, optionChanges } from '../options.ts'
import { type Column, type Columns, columnDefinition, settingsTarget, typeText } from './columns.ts'
import { alterIdentity, type Identity } from './identity.ts'
import { addedNotNull, alterNotNull, notNullText } from './not-null.ts'
import { hasSameSettings, settingsChanges } from './settings.ts'

interface Comparison {
  readonly from: Columns
  readonly to: Columns
  /**
   * Returns a wanted column with its SQL as declared. Called only for columns that may change: a plan can have a hundred thousand.
   */
  readonly sourceOf: (name: string, wanted: Column) => Column
  readonly secrets: Parameters<typeof optionChanges>[2]
}

/**
 * Every change of a foreign table's columns is possible in place, unless an object depends on the column or stores whole rows: then
 * PostgreSQL refuses a new type, and dropping a column leaves the stored rows as they are. Generated columns depend on others of
 * the same table, so those that are dropped or changed come first, and one that uses a column whose type changes is dropped and
 * added, which costs nothing, since a foreign table holds no data.
 */
export function columnChanges(table: Sql, comparison: Comparison): readonly FieldChange[] {
  const { from, to, sourceOf, secrets } = comparison
  const retyped = retypedColumns(from, to)
  const dropped = Object.keys(from).filter((name) => !Object.hasOwn(to, name))
  const changed = Object.entries(to).flatMap(([name, wanted]) => {
    const before = Object.hasOwn(from, name) ? from[name] : undefined
    if (!before || isUnchanged(before, wanted)) return []
    return [{ name, before, wanted, source: () => sourceOf(name, wanted) }]
  })
  const added = Object.entries(to).filter(([name]) => !Object.hasOwn(from, name))
  const isReplaced = ({ name, before, wanted }: (typeof changed)[number]) =>
    isRegenerated(name, before, wanted, retyped)
  return [
    ...changed
      .filter(isReplaced)
      .flatMap((column) => regenerate(table, column.name, column.before, column.wanted, column.source())),
    ...changed.flatMap(({ name, before, wanted }) => ungenerate(name, before, wanted)),
    ...[...dropped.filter((name) => from[name]?.generated), ...dropped.filter((name) => !from[name]?.generated)].map(
      (name) => dropColumn(name, from[name]?.type),
    ),
    ...changed
      .filter((column) => !isReplaced(column))
      .flatMap((column) =>
        alterColumn(table, column.name, { from: column.before, to: column.wanted, source: column.source, secrets }),
      ),
    ...added.flatMap(([name, wanted]) => addColumn(table, name, wanted, sourceOf(name, wanted))),
  ]
}

/**
 * Whether a column certainly stays as it is, which is cheaper to find out than each of its changes. A generated column depends on
 * others.
 */
function isUnchanged(from: Column, to: Column): boolean {
  return (
    from.generated === null &&
    to.generated === null &&
    !from.virtual &&
    from.type === to.type &&
    sameName(from.collation, to.collation) &&
    from.notNull === to.notNull &&
    (from.notNullMark ?? null) === (to.notNullMark ?? null) &&
    from.default === to.default &&
    (from.identity ?? null) === (to.identity ?? null) &&
    areSameTexts(from.options, to.options) &&
    hasSameSettings(from, to)
  )
}

function isRetyped(from: Column | undefined, to: Column | undefined): boolean {
  return from?.type !== to?.type || !sameName(from?.collation ?? null, to?.collation ?? null)
}

/** The columns that a table keeps, and with them their grants. */
export function columnsKept(from: Columns, to: Columns): ReadonlySet<string> {
  const retyped = retypedColumns(from, to)
  return new Set(
    Object.entries(from).flatMap(([name, before]) => {
      const after = Object.hasOwn(to, name) ? to[name] : undefined
      return after && !isRegenerated(name, before, after, retyped) ? [name] : []
    }),
  )
}

function retypedColumns(from: Columns, to: Columns): readonly string[] {
  return Object.keys(to).filter((name) => Object.hasOwn(from, name) && isRetyped(from[name], to[name]))
}

/** Decides by the names in the expression. A function or a type of the same name only drops and adds a column needlessly. */
function isRegenerated(name: string, from: Column, to: Column, retyped: readonly string[]): boolean {
  // PostgreSQL has no DROP EXPRESSION for a virtual column, which has no stored values to keep.
  if (to.generated === null) return from.virtual
  if (from.generated !== to.generated || from.virtual !== to.virtual || retyped.includes(name)) return true
  return retyped.some((column) => isNamedIn(to.generated ?? '', column))
}

function isNamedIn(expression: string, column: string): boolean {
  const words = expression.matchAll(/'(?:[^']|'')*'|"((?:[^"]|"")*)"|[\w$]+/g)
  return [...words].some(([word, quoted]) => (quoted?.replaceAll('""', '"') ?? word) === column)
}

function ungenerate(name: string, from: Column, to: Column): readonly FieldChange[] {
  if (from.generated === null || to.generated !== null || from.virtual) return []
  return [toField(`column ${name} generated`, from.generated, null, [sql`ALTER COLUMN ${ident(name)} DROP EXPRESSION`])]
}

export function dropColumn(name: string, type: string | undefined): FieldChange {
  return {
    field: `column ${name}`,
    from: type,
    to: undefined,
    effect: { how: 'clause', clause: [sql`DROP COLUMN ${ident(name)}`] },
    blockedByUseOf: name,
    dropsColumn: true,
    rewritesValues: true,
    changesRows: true,
  }
}

function addColumn(table: Sql, name: string, wanted: Column, source: Column): readonly FieldChange[] {
  const clause = addedColumn(name, source)
  return [
    {
      field: `column ${name}`,
      from: undefined,
      to: wanted.type,
      effect: { how: 'clause', clause },
      changesRows: true,
    },
    ...settingsChanges(() => settingsTarget(table, name), {}, wanted),
  ]
}

interface ColumnComparison {
  readonly from: Column
  readonly to: Column
  readonly source: () => Column
  readonly secrets: Comparison['secrets']
}

function alterColumn(
  table: Sql,
  name: string,
  { from, to, source, secrets }: ColumnComparison,
): readonly FieldChange[] {
  const retyped = isRetyped(from, to)
  return [
    ...(retyped ? [retype(name, from, to, source())] : []),
    // An identity column cannot become nullable, so this comes first.
    ...identityChange(name, from.identity ?? null, to.identity ?? null),
    ...notNullChange(table, name, from, to),
    ...defaultChange(table, name, { from, to, source }, retyped),
    ...optionChanges(from.options, to.options, secrets).map(
      ({ field, effect, ...values }): FieldChange => ({
        ...values,
        field: `column ${name} ${field}`,
        effect:
          effect.how === 'clause'
            ? { how: 'clause', clause: [sql`ALTER COLUMN ${ident(name)} OPTIONS (`, ...effect.clause, sql`)`] }
            : effect,
      }),
    ),
    // A new type resets the storage.
    ...settingsChanges(() => settingsTarget(table, name), retyped ? withoutStorage(from) : from, to),
  ]
}

function notNullChange(table: Sql, name: string, from: Column, to: Column): readonly FieldChange[] {
  const [before, after] = [notNullText(from), notNullText(to)]
  if (before === after) return []
  const field = `column ${name} not null`
  const clause = alterNotNull(name, from, to)
  return [
    to.notNull
      ? toField(field, before, after, [clause])
      : { field, from: before, to: after, effect: alterOnly(table, clause) },
  ]
}

/** Without ONLY, PostgreSQL would also change tables that inherit the column, even if they have a value of their own. */
function alterOnly(table: Sql, clause: Sql): FieldChange['effect'] {
  return { how: 'statement', statement: statement(sql`ALTER FOREIGN TABLE ONLY ${table} ${clause}`) }
}

function identityChange(name: string, from: Identity | null, to: Identity | null): readonly FieldChange[] {
  return from === to ? [] : [toField(`column ${name} identity`, from, to, [alterIdentity(name, from, to)])]
}

function withoutStorage({ typeStorage, ...column }: Column): Column {
  return { ...column, storage: null }
}

function toField(field: string, from: string | null, to: string | null, clause: Parts): FieldChange {
  return { field, from: from ?? undefined, to: to ?? undefined, effect: { how: 'clause', clause } }
}

function retype(name: string, from: Column, to: Column, source: Column): FieldChange {
  const collate = source.collation ? sql` COLLATE ${nameOf(source.collation)}` : sql``
  // A default that cannot be cast blocks the new type. It can be dropped and set in the same statement, since PostgreSQL
  // sorts the clauses of an ALTER into passes.
  const drop =
    from.default === null || from.default === to.default ? sql`` : sql`ALTER COLUMN ${ident(name)} DROP DEFAULT, `
  return {
    field: `column ${name} type`,
    from: typeText(from),
    to: typeText(to),
    effect: {
      how: 'clause',
      clause: [sql`${drop}ALTER COLUMN ${ident(name)} TYPE ${fragment(source.type)}${collate}`],
    },
    blockedByUseOf: name,
    rewritesValues: true,
    changesRows: true,
  }
}

function defaultChange(
  table: Sql,
  name: string,
  { from, to, source }: Omit<ColumnComparison, 'secrets'>,
  retyped: boolean,
): readonly FieldChange[] {
  if (from.default === to.default) return []
  const declared = source().default
  const alter = sql`ALTER COLUMN ${ident(name)}`
  const clause = declared === null ? sql`${alter} DROP DEFAULT` : sql`${alter} SET DEFAULT (${fragment(declared)})`
  if (declared === null && retyped) return [toField(`column ${name} default`, from.default, to.default, [])]
  // A default must go before the column becomes an identity column.
  if ((from.identity ?? null) !== (to.identity ?? null))
    return [toField(`column ${name} default`, from.default, to.default, [clause])]
  const effect = alterOnly(table, clause)
  return [{ field: `column ${name} default`, from: from.default ?? undefined, to: to.default ?? undefined, effect }]
}

function addedColumn(name: string, column: Column): Parts {
  const added: Parts = [sql`ADD COLUMN `, ...columnDefinition(name, column)]
  return joinParts([added, ...addedNotNull(name, column).map((clause) => [clause])], sql`, `)
}

/** PostgreSQL cannot add a generation expression to a column, so the column is dropped and added. It holds no data here. */
function regenerate(table: Sql, name: string, from: Column, to: Column, source: Column): readonly FieldChange[] {
  const clause = [sql`DROP COLUMN ${ident(name)}, `, ...addedColumn(name, source)]
  return [
    {
      ...toField(`column ${name}`, generatedText(from), generatedText(to), clause),
      blockedByUseOf: name,
      dropsColumn: true,
      rewritesValues: true,
      changesRows: true,
    },
    ...settingsChanges(() => settingsTarget(table, name), {}, to),
  ]
}

function generatedText(column: Column): string {
  if (column.generated === null) return typeText(column)
  return `${typeText(column)} generated${column.virtual ? ' virtual' : ''} as ${column.generated}`
}
