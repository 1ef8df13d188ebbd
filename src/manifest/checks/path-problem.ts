// A problem at a path of the manifest. `parseManifest` and `expandManifest` look up its place in the text.

import type { Place, Problem } from '../../core/errors.ts'
import type { Path } from '../manifest.ts'

export interface PathProblem {
  readonly path: Path
  /** Whether the place is that of the key at the end of the path, rather than of its value. */
  readonly atKey: boolean
  readonly problem: Problem
  /** The path of another declaration with which it conflicts. Its place is appended to the message. */
  readonly other?: Path
}

/** A problem with a key, or with everything below it. */
export function atKey(path: Path, problem: Problem, other?: Path): PathProblem {
  return { path, atKey: true, problem, ...(other && { other }) }
}

/** A problem with a value. */
export function atValue(path: Path, problem: Problem, other?: Path): PathProblem {
  return { path, atKey: false, problem, ...(other && { other }) }
}

/** The problem at its place. The place of a conflicting declaration, if there is one, is appended to the message. */
export function placedAt({ problem }: PathProblem, place: Place, other: Place | undefined): Problem {
  const elsewhere = other ? ` at ${other.file}:${other.line}:${other.column}` : ''
  return { ...problem, message: `${problem.message}${elsewhere}`, place }
}
