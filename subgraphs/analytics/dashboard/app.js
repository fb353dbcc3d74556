import { WORDS } from "/dashboard/words.js";

const find = (id) => document.getElementById(id);
const CHARTS = ["revenue", "occupancy", "average-daily-rate", "rev-par", "booking-window", "cancellation-rate"];
const RECONNECT_MILLISECONDS = [500, 10_000];
const STATS = `revenue { amount currency } occupancy averageDailyRate { amount currency }
  revPar { amount currency } bookings cancellationRate`;

// The token lives as long as this tab: whoever closes it is signed out here.
let token = sessionStorage.getItem("reservei-token");
let language = localStorage.getItem("reservei-language") ?? (navigator.language.startsWith("pt") ? "pt-BR" : "en");
let hotels = [];
let following = null;
let asked = 0;

const say = (key) => WORDS[language][key];

class Refused extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

async function graphql(query, variables = {}) {
  const headers = { "content-type": "application/json", "accept-language": language };
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const body = await response.json();
  if (body.errors?.length) throw new Refused(body.errors[0].message, body.errors[0].extensions?.code);
  return body.data;
}

function show(problem) {
  find("problem").hidden = !problem;
  find("problem").textContent = problem ?? "";
}

/** Runs what may fail, and tells the person; a token that has run out leads back to the sign-in. */
async function told(work) {
  try {
    await work();
    show(null);
  } catch (error) {
    if (error instanceof Refused && error.code === "UNAUTHENTICATED") leave();
    show(error instanceof Refused ? error.message : say("away"));
  }
}

function money(value) {
  if (!value) return "—";
  return new Intl.NumberFormat(language, { style: "currency", currency: value.currency }).format(value.amount);
}

const percent = (value) =>
  value === null ? "—" : new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }).format(value);
const count = (value) => new Intl.NumberFormat(language).format(value);

function tiles(place, values) {
  const earlier = new Map([...place.children].map((tile) => [tile.dataset.key, tile.dataset.value]));
  place.replaceChildren(
    ...values.map(([key, value, before]) => {
      const tile = document.createElement("dl");
      tile.className = "tile";
      tile.dataset.key = key;
      tile.dataset.value = value;
      if (earlier.has(key) && earlier.get(key) !== value) tile.classList.add("new");
      const name = Object.assign(document.createElement("dt"), { textContent: say(key) });
      const figure = Object.assign(document.createElement("dd"), { textContent: value });
      tile.append(name, figure);
      if (before !== undefined) {
        const note = document.createElement("dd");
        note.className = "before";
        note.textContent = `${say("before")} ${before}`;
        tile.append(note);
      }
      return tile;
    }),
  );
}

// As the calendar on the wall says, not as UTC does; Swedish writes dates in ISO order.
const day = (date) => date.toLocaleDateString("sv-SE");
function range(days, back = 0) {
  const end = new Date();
  end.setDate(end.getDate() - 1 - back * days);
  const start = new Date(end);
  start.setDate(start.getDate() - days + 1);
  return { startDate: day(start), endDate: day(end) };
}

async function ask() {
  const number = ++asked;
  const hotelId = find("question").elements.hotel.value;
  const days = Number(find("question").elements.days.value);
  const currency = hotels.find((hotel) => hotel.id === hotelId)?.currency ?? "BRL";
  follow(hotelId);
  const { hotel } = await graphql(
    `query Numbers($id: ID!, $now: DateRangeInput!, $before: DateRangeInput!, $currency: CurrencyCode!) {
      hotel(id: $id) { now: stats(range: $now, currency: $currency) { ${STATS} }
        before: stats(range: $before, currency: $currency) { ${STATS} } } }`,
    { id: hotelId, now: range(days), before: range(days, 1), currency },
  );
  if (number !== asked) return;
  const { now, before } = hotel;
  tiles(find("totals"), [
    ["revenue", money(now.revenue), money(before.revenue)],
    ["occupancy", percent(now.occupancy), percent(before.occupancy)],
    ["averageDailyRate", money(now.averageDailyRate), money(before.averageDailyRate)],
    ["revPar", money(now.revPar), money(before.revPar)],
    ["bookings", count(now.bookings), count(before.bookings)],
    ["cancellationRate", percent(now.cancellationRate), percent(before.cancellationRate)],
  ]);
  await draw(hotelId, currency, days, number);
}

async function draw(hotelId, currency, days, number) {
  const { startDate, endDate } = range(days);
  const theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const width = String(Math.max(240, Math.min(560, find("charts").clientWidth - 40)));
  const interval = days > 120 ? "MONTH" : days > 31 ? "WEEK" : "DAY";
  const place = find("charts");
  if (!place.children.length) place.append(...CHARTS.map(() => document.createElement("figure")));
  for (const [index, name] of CHARTS.entries()) {
    const wanted = new URLSearchParams({ start: startDate, end: endDate, interval, hotelId, currency, language, theme, width });
    const response = await fetch(`/reports/${name}.svg?${wanted}`, { headers: { authorization: `Bearer ${token}` } });
    const picture = await response.blob();
    if (number !== asked) return;
    const figure = place.children[index];
    const earlier = figure.querySelector("img")?.src;
    if (response.ok) {
      const image = Object.assign(document.createElement("img"), { alt: name, src: URL.createObjectURL(picture) });
      figure.replaceChildren(image);
    } else {
      figure.textContent = say("noChart");
    }
    if (earlier) URL.revokeObjectURL(earlier);
  }
}

/** Keeps the tiles of today up to date: graphql-transport-ws, reconnecting for as long as the hotel is looked at. */
function follow(hotelId) {
  if (following?.hotelId === hotelId && following.language === language) return;
  following?.stop();
  const here = { hotelId, language, socket: null, timer: 0, wait: RECONNECT_MILLISECONDS[0] };
  here.stop = () => {
    here.stopped = true;
    clearTimeout(here.timer);
    here.socket?.close(1000);
  };
  following = here;
  const query = `subscription Pulse($hotelId: ID!) { hotelPulse(hotelId: $hotelId) {
    soldToday revenueToday { amount currency } arrivalsToday roomsSoldTonight } }`;
  const state = (key) => {
    find("live").hidden = false;
    find("live").textContent = say(key);
  };
  const connect = () => {
    const address = new URL("/graphql", location.href.replace(/^http/, "ws"));
    const socket = new WebSocket(address, "graphql-transport-ws");
    here.socket = socket;
    const send = (message) => socket.send(JSON.stringify(message));
    socket.onopen = () =>
      send({ type: "connection_init", payload: { authorization: `Bearer ${token}`, "accept-language": language } });
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "connection_ack") {
        send({ id: "pulse", type: "subscribe", payload: { query, variables: { hotelId } } });
      } else if (message.type === "ping") {
        send({ type: "pong" });
      } else if (message.type === "next" && message.payload.data?.hotelPulse) {
        here.wait = RECONNECT_MILLISECONDS[0];
        state("live");
        const pulse = message.payload.data.hotelPulse;
        tiles(find("pulse"), [
          ["soldToday", count(pulse.soldToday)],
          ["revenueToday", money(pulse.revenueToday)],
          ["arrivalsToday", count(pulse.arrivalsToday)],
          ["roomsSoldTonight", count(pulse.roomsSoldTonight)],
        ]);
      } else if (message.type === "error" || message.type === "complete") {
        socket.close(1000);
      }
    };
    socket.onclose = () => {
      if (here.stopped) return;
      state("waiting");
      here.timer = setTimeout(connect, here.wait);
      here.wait = Math.min(here.wait * 2, RECONNECT_MILLISECONDS[1]);
    };
  };
  connect();
}

async function open() {
  find("sign-in").hidden = Boolean(token);
  find("leave").hidden = !token;
  find("board").hidden = true;
  if (!token) return;
  const { me } = await graphql(
    "{ me { managedHotels(first: 100) { edges { node { id name currency } } } } }",
  );
  hotels = me.managedHotels.edges.map((edge) => edge.node);
  const select = find("question").elements.hotel;
  const chosen = select.value;
  select.replaceChildren(...hotels.map((hotel) => new Option(hotel.name, hotel.id)));
  if (hotels.some((hotel) => hotel.id === chosen)) select.value = chosen;
  if (!hotels.length) throw new Refused(say("noHotels"));
  find("board").hidden = false;
  await ask();
}

function leave() {
  token = null;
  sessionStorage.removeItem("reservei-token");
  following?.stop();
  following = null;
  asked += 1;
  for (const place of ["pulse", "totals", "charts"]) find(place).replaceChildren();
  find("live").hidden = find("board").hidden = find("leave").hidden = true;
  find("sign-in").hidden = false;
}

function speak() {
  document.documentElement.lang = language;
  document.title = say("title");
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  find("language").textContent = say("other");
  find("leave").textContent = say("signOut");
}

find("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = event.target.elements;
  told(async () => {
    const { signIn } = await graphql(
      `mutation SignIn($email: Email!, $password: String!) { signIn(input: { email: $email, password: $password }) {
        __typename ... on SignInSuccess { accessToken } ... on Problem { message } } }`,
      { email: fields.email.value, password: fields.password.value },
    );
    if (signIn.__typename !== "SignInSuccess") throw new Refused(signIn.message);
    token = signIn.accessToken;
    fields.password.value = "";
    sessionStorage.setItem("reservei-token", token);
    await open();
  });
});
find("question").addEventListener("change", () => told(ask));
find("leave").addEventListener("click", () => {
  leave();
  show(null);
});
find("language").addEventListener("click", () => {
  language = language === "en" ? "pt-BR" : "en";
  localStorage.setItem("reservei-language", language);
  speak();
  told(open);
});
speak();
told(open);
