const password = document.getElementById("password");
const reveal = document.getElementById("reveal");
const box = reveal.querySelector("input");
const show = () => { password.type = box.checked ? "text" : "password"; };
reveal.hidden = false;
box.addEventListener("change", show);
// Whoever comes back to the page finds the password hidden, and no browser keeps it as a text.
password.form.addEventListener("submit", () => { box.checked = false; show(); });
