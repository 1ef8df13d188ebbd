// NOT NULL of a column, with its forms from PostgreSQL 18 on: NO INHERIT and NOT VALID.
import { ident, type Sql, sql, trusted } from '../../../core/sql.ts'
import { present, type Written } from '../stanza.ts'

/** NO INHERIT: tables that inherit do not get it. NOT VALID: existing rows may violate it. */
export type NotNullMark = 'NO INHERIT' | 'NOT VALID' | 'NO INHERIT NOT VALID'

export interface NotNull {
  readonly notNull: boolean
  readonly notNullMark?: NotNullMark | null
}

export type DeclaredNotNull =
  | boolean
  | { readonly no_inherit?: boolean | undefined; readonly not_valid?: boolean | undefined }

/** `nullable` records an explicit `not_null: false`, which a NOT NULL of a parent contradicts. */
export function declaredNotNull(declared: DeclaredNotNull | undefined): NotNull & { readonly nullable?: true } {
  if (declared === false) return { notNull: false, nullable: true }
  if (declared === undefined || declared === true) return { notNull: declared ?? false }
  const mark = declared.no_inherit
    ? declared.not_valid
      ? 'NO INHERIT NOT VALID'
      : 'NO INHERIT'
    : declared.not_valid
      ? 'NOT VALID'
      : undefined
  return { notNull: true, ...(mark && { notNullMark: mark }) }
}

export function writtenNotNull({ notNull, notNullMark }: NotNull): Written {
  if (!notNull || !notNullMark) return notNull
  return present({ no_inherit: isLocal(notNullMark), not_valid: isUnproven(notNullMark) })
}

function isLocal(mark: NotNullMark | null | undefined): boolean {
  return mark === 'NO INHERIT' || mark === 'NO INHERIT NOT VALID'
}

function isUnproven(mark: NotNullMark | null | undefined): boolean {
  return mark === 'NOT VALID' || mark === 'NO INHERIT NOT VALID'
}

/** How a plan shows whether a column is NOT NULL. */
export function notNullText({ notNull, notNullMark }: NotNull): string {
  if (!notNull) return 'no'
  return notNullMark ? `yes, ${notNullMark}` : 'yes'
}

/** In a column definition, which has no NOT VALID: see {@link addedNotNull}. */
export function notNullConstraint({ notNull, notNullMark }: NotNull): Sql {
  if (!notNull || isUnproven(notNullMark)) return sql``
  return isLocal(notNullMark) ? sql` NOT NULL NO INHERIT` : sql` NOT NULL`
}

/** The clauses that add to a new column what its definition cannot express. */
export function addedNotNull(name: string, column: NotNull): readonly Sql[] {
  return column.notNull && isUnproven(column.notNullMark) ? [addNotNull(name, column)] : []
}

function addNotNull(name: string, { notNullMark }: NotNull): Sql {
  return sql`ADD NOT NULL ${ident(name)}${notNullMark ? sql` ${trusted(notNullMark)}` : sql``}`
}

/** The clauses of an ALTER. A foreign table has no ALTER CONSTRAINT, so a NOT NULL that is inherited or not is replaced. */
export function alterNotNull(name: string, from: NotNull, to: NotNull): Sql {
  const alter = sql`ALTER COLUMN ${ident(name)}`
  if (!to.notNull) return sql`${alter} DROP NOT NULL`
  const isReplaced = from.notNull && (from.notNullMark !== 'NOT VALID' || Boolean(to.notNullMark))
  // SET NOT NULL also validates a NOT NULL that is NOT VALID.
  const set = to.notNullMark ? addNotNull(name, to) : sql`${alter} SET NOT NULL`
  return isReplaced ? sql`${alter} DROP NOT NULL, ${set}` : set
}
