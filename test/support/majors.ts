// Which servers the tests of a file run on, chosen by what the tests depend on.

import { inject } from 'vitest'
import { hasChosenMajors, pairOf } from '../servers/pair.ts'
import type { ServerPair } from '../servers/provided.ts'

/** A source and a target of each major of this run, the newest first: for tests that depend on the server's version. */
export function eachMajor(): readonly ServerPair[] {
  return inject('serverPairs')
}

/** Whether this run includes the thorough tests, which take long and seldom fail. Runs that name their majors do. */
export function isThorough(): boolean {
  return hasChosenMajors()
}

/** The newest major alone, for tests that do not depend on the version; if FDWSYNC_TEST_MAJORS is set, all of those. */
export function newestMajor(): readonly ServerPair[] {
  return hasChosenMajors() ? eachMajor() : eachMajor().slice(0, 1)
}

/** Whether a test that does not depend on the version runs on this pair, for files with other tests that do. */
export function isNewest(pair: ServerPair): boolean {
  return newestMajor().includes(pair)
}

/** The oldest source with the newest target and the reverse, for tests of what the two exchange. */
export function crossedMajors(): readonly ServerPair[] {
  const sorted = eachMajor().toSorted((one, other) => one.major - other.major)
  const [oldest, newest] = [sorted.at(0), sorted.at(-1)]
  if (!oldest || !newest || oldest.major === newest.major) return eachMajor()
  return [pairOf(oldest.source, newest.target), pairOf(newest.source, oldest.target)]
}

/** An old source with the newest target, for longer tests of what the two exchange; if FDWSYNC_TEST_MAJORS is set, both ways. */
export function oldSourceNewTarget(): readonly ServerPair[] {
  return hasChosenMajors() ? crossedMajors() : crossedMajors().slice(0, 1)
}
