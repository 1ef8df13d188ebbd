#!/usr/bin/env node
// The entry point of the command.

import { setFlagsFromString } from 'node:v8'
import { toolVersion } from '../core/version.ts'

// Output that cannot be written, because the disk is full or the reader of the pipe has gone, must not end an apply halfway.
process.stdout.on('error', async (error) => (await import('./lost-output.ts')).reportLostOutput(error))
process.stderr.on('error', () => {})

// PostgreSQL's parser is WebAssembly, which V8 compiles twice, the second time for speed. With two cores the second
// compilation takes longer than it saves, for one view as for ten thousand (`npm run bench -- plan`). `--liftoff-only` means the same,
// but Node 24 ignores it once it runs, and then a manifest with five views takes three times as long to check.
setFlagsFromString('--no-wasm-tier-up --no-wasm-dynamic-tiering')

// V8 optimizes a function once it has run for a while. Most commands end before that pays off, with ten tables as with thousands,
// so V8 waits 15 times as long here. It complains about flags that it does not know, so later versions get none.
const v8 = Number.parseInt(process.versions.v8, 10)
if (v8 < 12) setFlagsFromString('--interrupt-budget=1000000')
else if (v8 < 14) setFlagsFromString('--invocation-count-for-turbofan=45000')

// Pipelines print the version at every step, so it is printed before anything else is loaded.
const [first, ...rest] = process.argv.slice(2)
if (rest.length === 0 && (first === '--version' || first === '-V')) {
  process.stdout.write(`fdwsync ${toolVersion}\n`)
} else {
  const { ignoreLostTerminal } = await import('./signals.ts')
  ignoreLostTerminal()
  const { enableCompileCache } = await import('./compile-cache.ts')
  enableCompileCache()
  const { runProgram } = await import('./program.ts')
  await runProgram(process.argv)
}
