#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'
import { toolVersion } from '../core/version.ts'

// Whoever reads may stop reading: `fdwsync plan | head` is no failure, and nobody is left to be told of one.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

// PostgreSQL's grammar is WebAssembly, which V8 would compile twice, the second time so that it runs faster: with two cores
// that takes longer than it saves, for one view as for ten thousand (`npm run bench -- plan`).
setFlagsFromString('--liftoff-only')

// A pipeline asks for the version at every step: it is answered before anything else is loaded.
const [first, ...rest] = process.argv.slice(2)
if (rest.length === 0 && (first === '--version' || first === '-V')) {
  process.stdout.write(`fdwsync ${toolVersion}\n`)
} else {
  const { runProgram } = await import('./program.ts')
  await runProgram(process.argv)
}
