// How long it takes to load the client, in a process that has loaded nothing else. Prints milliseconds.

const startedMs = performance.now()
await import('@tskeeper/client')
console.log(String(performance.now() - startedMs))
