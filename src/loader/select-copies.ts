// Selects the copies of a refresh by their names. Pure.

import { exitCode, FdwsyncError, type Problem } from '../core/errors.ts'
import { namePattern } from '../core/name-pattern.ts'
import { didYouMean } from '../core/nearest.ts'
import type { CopyId, Key } from '../core/object.ts'
import { someOf } from '../core/some-of.ts'
import { ident, qualified } from '../core/sql.ts'

export interface NamedCopy {
  readonly id: CopyId
  readonly key: Key
}

/** A name on the command line: `orders`, `shop.*`, `orders+` with what reads it, `+orders` with what it reads. */
interface Selector {
  readonly pattern: string
  readonly withReaders: boolean
  readonly withRead: boolean
}

function parseSelector(text: string): Selector {
  const [withRead, withReaders] = [text.startsWith('+'), text.length > 1 && text.endsWith('+')]
  const pattern = text.slice(withRead ? 1 : 0, withReaders ? -1 : undefined)
  return { pattern, withReaders, withRead }
}

/** Whether the names can be resolved only with what the copies read. */
export function needsReads(names: readonly string[]): boolean {
  return names.map(parseSelector).some(({ withReaders, withRead }) => withReaders || withRead)
}

/**
 * The keys of the copies that the names select; all, if there are none.
 * @param reads what each copy reads, if {@link needsReads}
 * @throws FdwsyncError if a name matches no copy
 */
export function selectCopies(
  copies: readonly NamedCopy[],
  names: readonly string[],
  reads: ReadonlyMap<Key, readonly Key[]>,
): ReadonlySet<Key> {
  if (names.length === 0) return new Set(copies.map(({ key }) => key))
  const problems: Problem[] = []
  const selected = names.map(parseSelector).flatMap((selector) => {
    const matches = matchesOf(copies, selector)
    if (matches.length === 0) problems.push(noSuchCopy(copies, selector))
    const own = matches.map(({ key }) => key)
    return [
      ...own,
      ...(selector.withRead ? reachable(own, (key) => reads.get(key) ?? []) : []),
      ...(selector.withReaders ? reachable(own, readersIn(reads)) : []),
    ]
  })
  if (problems.length > 0) throw new FdwsyncError(problems, exitCode.usage)
  return new Set(selected)
}

/** A name that is spelled exactly as that of a copy means only that. */
function matchesOf(copies: readonly NamedCopy[], { pattern }: Selector): readonly NamedCopy[] {
  const exact = copies.filter(({ id }) => spellings(id).includes(pattern))
  if (exact.length > 0) return exact
  const isMatch = namePattern(pattern)
  return copies.filter(({ id }) => isMatch(id))
}

function spellings({ schema, name }: CopyId): readonly string[] {
  return [name, ident(name), `${schema}.${name}`, qualified(schema, name)]
}

function noSuchCopy(copies: readonly NamedCopy[], { pattern }: Selector): Problem {
  const near = didYouMean(
    pattern,
    copies.flatMap(({ id }) => spellings(id)),
  )
  const all = copies.map(({ id }) => qualified(id.schema, id.name))
  return {
    code: 'usage/unknown-name',
    message: `the manifest has no copy "${pattern}"${near}`,
    hint: `Its materialized views and tables: ${someOf(all, 10) || 'none'}`,
  }
}

/** Everything that can be reached. The keys themselves are included only if a circle returns to them. */
function reachable(from: readonly Key[], next: (key: Key) => readonly Key[]): readonly Key[] {
  const found = new Set(from.flatMap((key) => next(key)))
  // Iterating over a set also visits what is added meanwhile.
  for (const key of found) for (const other of next(key)) found.add(other)
  return [...found]
}

function readersIn(reads: ReadonlyMap<Key, readonly Key[]>): (key: Key) => readonly Key[] {
  return (key) => Array.from(reads, ([reader, read]) => (read.includes(key) ? [reader] : [])).flat()
}
