for (const button of document.querySelectorAll("button.copy")) {
  const code = button.previousElementSibling;
  const name = button.ariaLabel;
  const say = (text, label) => { button.textContent = text; button.ariaLabel = label; };
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      say("Copied", "Copied");
    } catch {
      // Where the browser does not allow it, the text is at least marked.
      getSelection().selectAllChildren(code);
      say("Marked", "Marked");
    }
    setTimeout(() => say("Copy", name), 2000);
  });
}
