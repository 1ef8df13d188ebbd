// The commands for the shell and for a first look.

import { Argument, type Command } from 'commander'
import { setExitCode } from '../exit-code.ts'

export const shell = [completion, complete, demo]

function completion(root: Command): void {
  root
    .command('completion')
    .description('Print a script that completes commands, options and names in your shell')
    .addArgument(new Argument('<shell>', 'Your shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell) => setExitCode((await import('../commands/completion.ts')).completion(shell)))
}

function complete(root: Command): void {
  root
    .command('complete', { hidden: true })
    .argument('[word...]')
    .action(async (words) => setExitCode((await import('../commands/completion.ts')).complete(root, words)))
}

function demo(root: Command): void {
  root
    .command('demo')
    .description('Take a tour on two throwaway servers')
    .action(async () => setExitCode((await import('../commands/demo.ts')).demo()))
}
