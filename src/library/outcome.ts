// What became of an apply.

export { type Applied, exitCodeOf, nothingDone } from '../api/apply.ts'
