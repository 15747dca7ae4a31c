let sent, at;
addEventListener("submit", (event) => {
  const { defaultPrevented, target, timeStamp } = event;
  if (defaultPrevented) return;
  if (target === sent && timeStamp - at < 5000) event.preventDefault();
  else [sent, at] = [target, timeStamp];
});
addEventListener("pageshow", () => {
  sent = undefined;
});
