// Shows what is pushed, also while no page of ours is open.
const said = (text, otherwise, longest) => typeof text === 'string' && text ? text.slice(0, longest) : otherwise
const here = path => {
  const home = new URL('/app', origin)
  try {
    const url = new URL(said(path, home, 1000), origin)
    return url.origin === origin ? url.href : home.href
  } catch {
    return home.href
  }
}

// A browser takes its permission back from who is pushed to and shows nothing, so something is always shown.
addEventListener('push', e => {
  let note
  try { note = e.data.json() } catch {}
  const { title, body, url, tag, id } = note || {}
  const name = said(title, '', 120)
  e.waitUntil(registration.showNotification(name || 'Something happened', {
    body: said(body, name ? '' : 'Open WedSync to see what.', 500),
    tag: said(tag, said(id, '', 100), 100), // the same tag replaces: nobody is told twice
    data: { url: here(url), id: said(id, '', 100) },
    icon: '@static(icon-192.png)',
  }))
})

addEventListener('notificationclick', e => {
  const { url, id } = e.notification.data
  e.notification.close()
  const seen = id && fetch(`/app/inbox/${encodeURIComponent(id)}/seen`, { method: 'POST', credentials: 'include', keepalive: true }).catch(() => {})
  const go = clients.matchAll({ type: 'window', includeUncontrolled: true }).then(tabs => {
    const tab = tabs.find(tab => tab.url === url)
    return tab ? tab.focus() : clients.openWindow(url)
  })
  e.waitUntil(Promise.all([seen, go]))
})

// A push service may give a browser another address while nobody looks.
addEventListener('pushsubscriptionchange', e => e.waitUntil((async () => {
  const s = e.newSubscription || await registration.pushManager.subscribe(e.oldSubscription.options)
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone
  await fetch('/app/push', { method: 'POST', credentials: 'include', body: new URLSearchParams({ endpoint: s.endpoint, ...s.toJSON().keys, timezone }) })
})()))
