/** What the page says, in both languages. */
export const WORDS = {
  "pt-BR": {
    title: "Reservei: painel", signIn: "Entrar", signOut: "Sair", email: "E-mail", password: "Senha", hotel: "Hotel",
    days: "Dias", today: "Hoje, ao vivo", range: "No período", allHotels: "Todos os hotéis", other: "English",
    soldToday: "Reservas hoje", revenueToday: "Receita das reservas de hoje", arrivalsToday: "Chegadas hoje",
    roomsSoldTonight: "Quartos vendidos esta noite", revenue: "Receita", occupancy: "Ocupação",
    averageDailyRate: "Diária média", revPar: "RevPAR", bookings: "Reservas que chegam", cancellationRate: "Cancelamentos",
    before: "antes:", live: "ao vivo", waiting: "reconectando…", noHotels: "Você ainda não gerencia nenhum hotel.",
    away: "Os números não chegam agora. Verifique a conexão; tentamos de novo sozinhos.",
    noChart: "O gráfico não pôde ser desenhado.",
  },
  en: {
    title: "Reservei: dashboard", signIn: "Sign in", signOut: "Sign out", email: "E-mail", password: "Password",
    hotel: "Hotel", days: "Days", today: "Today, live", range: "In the range", allHotels: "All hotels", other: "Português",
    soldToday: "Bookings today", revenueToday: "Revenue of today's bookings", arrivalsToday: "Arrivals today",
    roomsSoldTonight: "Rooms sold tonight", revenue: "Revenue", occupancy: "Occupancy",
    averageDailyRate: "Average daily rate", revPar: "RevPAR", bookings: "Bookings arriving", cancellationRate: "Cancellations",
    before: "before:", live: "live", waiting: "reconnecting…", noHotels: "You do not manage a hotel yet.",
    away: "The numbers do not arrive right now. Check the connection; we go on trying.",
    noChart: "The chart could not be drawn.",
  },
};
