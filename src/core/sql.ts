// SQL text, built from quoted parts, and statements with secrets. This is the only file that produces `Sql`, so an
// unquoted name or value cannot get into a statement.

import type { Branded } from './branded.ts'
import { reservedWords } from './reserved-words.ts'
import { type Secret, secretText } from './secret.ts'

/** SQL text built from quoted parts. */
export type Sql = Branded<string, 'Sql'>

/** Builds SQL from a template whose values are SQL themselves. */
export function sql(text: TemplateStringsArray, ...values: readonly Sql[]): Sql {
  return text.reduce((before, part, at) => `${before}${values[at - 1]}${part}`) as Sql
}

export function join(parts: readonly Sql[], separator: string): Sql {
  return parts.join(separator) as Sql
}

/** A name, quoted if `quote_ident` would quote it. */
export function ident(name: string): Sql {
  const plain = /^[a-z_][a-z0-9_]*$/.test(name) && !reservedWords.has(name)
  return (plain ? name : `"${name.replaceAll('"', '""')}"`) as Sql
}

/** `schema.name`. */
export function qualified(schema: string, name: string): Sql {
  return sql`${ident(schema)}.${ident(name)}`
}

/** A string constant, valid with either value of `standard_conforming_strings`. */
export function literal(value: string): Sql {
  const quoted = `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
  return (value.includes('\\') ? `E${quoted}` : quoted) as Sql
}

/** A constant of type `text[]`. */
export function textArray(values: readonly string[]): Sql {
  const elements = values.map((value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)
  return sql`${literal(`{${elements.join(',')}}`)}::pg_catalog.text[]`
}

export function number(value: number): Sql {
  if (!Number.isFinite(value)) throw new TypeError(`not a finite number: ${value}`)
  return String(value) as Sql
}

/**
 * A type, an expression or a query from the manifest. It was checked against PostgreSQL's grammar when the manifest was
 * read. A trailing line comment must not comment out the rest of the statement.
 */
export function fragment(text: string): Sql {
  return (text.includes('--') ? `${text}\n` : text) as Sql
}

/** A manifest may end a query with a semicolon. A statement that contains the query may not. */
export function withoutSemicolon(query: string): string {
  return query.replace(/;\s*$/, '')
}

/** SQL that is a constant of this program, such as a catalog query. */
export function trusted(text: string): Sql {
  return text as Sql
}

/** One statement. The server inserts the secrets, so the text never contains them: see {@link secretMark}. */
export interface Statement {
  readonly sql: Sql
  readonly secrets: readonly Secret[]
  /** Whether its names are as the catalog shows them, so that it runs under the catalog's search_path. */
  readonly isResolved?: true
  /** Whether it runs in a subtransaction of its own: see {@link inSubtransaction}. */
  readonly isInSubtransaction?: true
}

export function statement(text: Sql): Statement {
  return { sql: text, secrets: [] }
}

/**
 * A statement with SQL that was read from the catalog. No function that is created later can change what it means, so it is
 * for statements that evaluate their SQL at once.
 */
export function resolved(statement: Statement): Statement {
  return { ...statement, isResolved: true }
}

/**
 * A statement that leaves invalidation messages, which PostgreSQL processes only at the next change of a catalog. From PostgreSQL
 * 18 on, the next subtransaction would fail ("unprocessed inval messages"). In a subtransaction of its own, the end of that
 * processes them.
 */
export function inSubtransaction(statement: Statement): Statement {
  return { ...statement, isInSubtransaction: true }
}

/**
 * The placeholder of a secret. A statement with secrets is a template for the server's `format()`, so
 * {@link statementOf} doubles every other `%` in it.
 */
function secretMark(index: number): string {
  return `%${index + 1}$L`
}

/** The statement with `(secret)` in place of its secrets. */
export function withoutSecrets(template: Statement): Statement {
  if (template.secrets.length === 0) return template
  const mask = literal(secretText)
  const text = template.sql.replace(/%%|%\d+\$L/g, (part) => (part === '%%' ? '%' : mask)) as Sql
  return { ...template, sql: text, secrets: [] }
}

/** A statement in pieces: SQL and secrets. */
export type Parts = readonly (Sql | Secret)[]

export function joinParts(all: readonly Parts[], separator: Sql): Parts {
  return all.flatMap((parts, index) => (index === 0 ? parts : [separator, ...parts]))
}

/** Joins the pieces into one statement. */
export function statementOf(parts: Parts): Statement {
  const secrets = parts.filter((part) => typeof part !== 'string')
  if (secrets.length === 0) return statement(join(parts as readonly Sql[], ''))
  let count = 0
  const text = parts.map((part) => (typeof part === 'string' ? part.replaceAll('%', '%%') : secretMark(count++)))
  return { sql: text.join('') as Sql, secrets }
}
