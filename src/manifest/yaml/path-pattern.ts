// Patterns of paths in a manifest.

import type { Path } from '../manifest.ts'

/** Keys separated by dots, with `*` for any key or position: `servers.*.options`. */
export type Pattern = string

/** A test for paths that match one of the patterns. */
export function matcher(patterns: readonly Pattern[]): (path: Path) => boolean {
  const split = patterns.map((pattern) => pattern.split('.'))
  return (path) =>
    split.some(
      (steps) => steps.length === path.length && steps.every((step, at) => step === '*' || step === String(path[at])),
    )
}
