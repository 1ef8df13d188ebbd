// "Did you mean": the known name that is nearest to a misspelled one.

/** The candidate that differs least from the word; undefined if none is close. */
export function nearestOf(word: string, candidates: Iterable<string>): string | undefined {
  const lower = word.toLowerCase()
  let best: string | undefined
  // If half of a short word differs, it is another word and not a misspelling.
  let least = Math.min(word.length / 2, Math.max(2, word.length / 3))
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) > least) continue
    const found = distance(lower, candidate.toLowerCase())
    if (found > least || (best !== undefined && found === least)) continue
    best = candidate
    least = found
  }
  return best
}

/** `; did you mean "orders"?`, or nothing if no candidate is close. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const nearest = nearestOf(word, candidates)
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`
}

/** The Levenshtein distance. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, at) => at)
  for (const [at, character] of [...left].entries()) {
    const next = [at + 1]
    for (let to = 0; to < right.length; to++) {
      const same = right[to] === character ? 0 : 1
      next.push(Math.min((next[to] ?? 0) + 1, (row[to + 1] ?? 0) + 1, (row[to] ?? 0) + same))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
