for (const field of document.querySelectorAll("[data-show]")) {
  const button = document.createElement("button");
  const show = (isShown) => {
    const { selectionStart, selectionEnd } = field;
    field.type = isShown ? "text" : "password";
    // Elsewhere Safari would move the focus here.
    if (document.activeElement === field) field.setSelectionRange(selectionStart, selectionEnd);
    button.setAttribute("aria-pressed", isShown);
  };
  button.type = "button";
  button.textContent = field.dataset.show;
  button.setAttribute("aria-label", `${field.dataset.show}: ${field.labels[0].textContent}`);
  button.setAttribute("aria-pressed", false);
  button.addEventListener("mousedown", (event) => event.preventDefault());
  button.addEventListener("click", () => show(field.type === "password"));
  field.form.addEventListener("submit", () => show(false));
  field.after(button);
}
