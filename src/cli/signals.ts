// Which signals interrupt a command.

/** SIGHUP reports that the terminal has gone. A command that writes to none has not lost any. */
export function interruptingSignals(): readonly NodeJS.Signals[] {
  return hasTerminal() ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM']
}

/** `nohup` starts a command with SIGHUP ignored, but Node resets that before it runs any code. */
export function ignoreLostTerminal(): void {
  if (!hasTerminal()) process.on('SIGHUP', () => {})
}

function hasTerminal(): boolean {
  return process.stdout.isTTY || process.stderr.isTTY
}
