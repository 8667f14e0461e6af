// Run a receiver in WORKERS processes on PORT, as Node's documentation recommends.
import cluster from 'node:cluster'

export function start (app) {
  const workers = Number(process.env.WORKERS)
  if (cluster.isPrimary && workers > 1) {
    for (let n = 0; n < workers; n++) cluster.fork()
  } else {
    app.listen(Number(process.env.PORT), '127.0.0.1')
  }
}
