import type { Branded } from './branded.ts'
import { reservedWords } from './reserved-words.ts'
import type { Secret } from './secret.ts'

/** SQL text that was put together from quoted parts. Only this file makes one. */
export type Sql = Branded<string, 'Sql'>

/** Puts SQL together; every value that is filled in is itself SQL, so nothing unquoted gets in by mistake. */
export function sql(text: TemplateStringsArray, ...values: readonly Sql[]): Sql {
  return String.raw({ raw: text.map((part) => part) }, ...values) as Sql
}

export function join(parts: readonly Sql[], separator: string): Sql {
  return parts.join(separator) as Sql
}

/** A name, quoted where PostgreSQL's `quote_ident` quotes it. */
export function ident(name: string): Sql {
  const plain = /^[a-z_][a-z0-9_]*$/.test(name) && !reservedWords.has(name)
  return (plain ? name : `"${name.replaceAll('"', '""')}"`) as Sql
}

/** `schema.name`. */
export function qualified(schema: string, name: string): Sql {
  return sql`${ident(schema)}.${ident(name)}`
}

/** A string constant, whatever `standard_conforming_strings` says. */
export function literal(value: string): Sql {
  const quoted = `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
  return (value.includes('\\') ? `E${quoted}` : quoted) as Sql
}

export function number(value: number): Sql {
  if (!Number.isFinite(value)) throw new TypeError(`not a number that SQL can have: ${value}`)
  return String(value) as Sql
}

/**
 * A fragment that the user wrote as SQL (a type, an expression, a query). That it is exactly that one thing to
 * PostgreSQL's grammar was checked when the manifest was read; a line comment at its end must not swallow what follows.
 */
export function fragment(text: string): Sql {
  return (text.includes('--') ? `${text}\n` : text) as Sql
}

/** A query may end with a semicolon where people write it, but not where it becomes a part of a statement. */
export function withoutSemicolon(query: string): string {
  return query.replace(/;\s*$/, '')
}

/** SQL that this program's own source spells out, a catalog query for instance. */
export function trusted(text: string): Sql {
  return text as Sql
}

/** One statement for the server. `secrets` are filled in on the server, never in the text: see {@link secretMark}. */
export interface Statement {
  readonly sql: Sql
  readonly secrets: readonly Secret[]
}

export function statement(text: Sql): Statement {
  return { sql: text, secrets: [] }
}

/**
 * Where the secret of that index goes in a statement that has secrets. Such a statement is a template of the server's
 * `format()`: every other `%` in it is doubled, which {@link statementOf} does.
 */
function secretMark(index: number): string {
  return `%${index + 1}$L`
}

/** Text and secrets in turn. */
export type Parts = readonly (Sql | Secret)[]

export function joinParts(all: readonly Parts[], separator: Sql): Parts {
  return all.flatMap((parts, index) => (index === 0 ? parts : [separator, ...parts]))
}

/** One statement made of text and secrets in turn. */
export function statementOf(parts: Parts): Statement {
  const secrets = parts.filter((part) => typeof part !== 'string')
  if (secrets.length === 0) return statement(join(parts as readonly Sql[], ''))
  let count = 0
  const text = parts.map((part) => (typeof part === 'string' ? part.replaceAll('%', '%%') : secretMark(count++)))
  return { sql: text.join('') as Sql, secrets }
}
