// Random numbers that are the same for the same seed.

/** A number from 0 to below the limit. */
export type RandomNumbers = (limit: number) => number

export function randomNumbers(seed: number): RandomNumbers {
  let state = seed >>> 0
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}
