"""
Money and dates against an independent calculation: Python's decimal, datetime and zoneinfo, over thousands of cases.
"""
import calendar
import datetime
import decimal
import os
import random
import subprocess
import unittest
import zoneinfo

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
SEED = 20230117
CALC = os.path.join(os.environ.get("BAILLEUR_BUILD", "build"), "tests", "unit", "calc")


def ask(questions):
    """The program's answers, one a question."""
    done = subprocess.run([CALC], input="\n".join(questions) + "\n", capture_output=True, text=True, timeout=120,
                          check=True)
    answers = done.stdout.splitlines()
    assert len(answers) == len(questions), (len(answers), len(questions))
    return answers


class Calculs(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.random = random.Random(SEED)

    def compare(self, cases):
        for (question, expected), answer in zip(cases, ask([c[0] for c in cases])):
            self.assertEqual(expected, answer, question)

    @staticmethod
    def french(cents):
        whole, part = divmod(abs(cents), 100)
        return ("\u2212" if cents < 0 else "") + f"{whole:,}".replace(",", "\u202f") + f",{part:02}"

    @staticmethod
    def shortest(cents):
        text = format(decimal.Decimal(cents) / 100, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text

    def test_amounts_are_exact(self):
        cases = []
        for _ in range(5000):
            cents = self.random.choice([self.random.randrange(10**4), self.random.randrange(10**8),
                                        self.random.randrange(10**12)])
            cents *= self.random.choice([1, 1, -1])
            sign, (whole, part) = "-" if cents < 0 else "", divmod(abs(cents), 100)
            forms = [f"{sign}{whole}.{part:02}", f"{sign}{whole},{part:02}", f"{sign}{whole}.{part:02}000"]
            if part % 10 == 0:
                forms.append(f"{sign}{whole}.{part // 10}")
            if part == 0:
                forms.append(f"{sign}{whole}")
            cases.append((f"montant {self.random.choice(forms)}",
                          f"{cents} {self.shortest(cents)} {self.french(cents)}"))
        self.compare(cases)

    def test_what_is_no_amount(self):
        refused = ["", "-", ".", "1.", ".5", "1.005", "1.001", "1e3", "+1", " 1", "1 ", "1 000", "1,234.56", "0x10",
                   "1..2", "--1",
                   "NaN", "inf", "1.2.3", "10000000000", "9" * 40, "1.0000000000000000000", "\u0661", "1\u00a0000",
                   "12abc"]
        self.compare([(f"montant {text}", "refused") for text in refused])

    def test_prorata_rounds_half_away_from_zero(self):
        cases = [("prorata 51000 23 31", "37839")]
        for _ in range(5000):
            value = self.random.randrange(-10**10, 10**10)
            num, den = self.random.randrange(0, 400), self.random.randrange(1, 400)
            exact = decimal.Decimal(value * num) / decimal.Decimal(den)
            cases.append((f"prorata {value} {num} {den}",
                          str(int(exact.to_integral_value(rounding=decimal.ROUND_HALF_UP)))))
        with decimal.localcontext() as context:
            context.prec = 60
            self.compare(cases)

    def test_midnight_in_paris(self):
        cases = []
        day = datetime.date(1900, 1, 1)
        while day <= datetime.date(2169, 12, 31):
            # A day in every eleven, and every day of the months in which the hour was ever changed, or February ended.
            if day.toordinal() % 11 == 0 or (1915 < day.year < 2100 and day.month in (2, 3, 4, 5, 6, 8, 9, 10, 11)):
                midnight = datetime.datetime(day.year, day.month, day.day, tzinfo=PARIS)
                cases.append((f"jour {day:%d/%m/}{day.year:04}", f"{day.isoformat()} {int(midnight.timestamp())}"))
            day += datetime.timedelta(days=1)
        self.assertGreater(len(cases), 5000)
        self.compare(cases)

    def test_the_day_of_an_instant(self):
        cases = []
        for _ in range(5000):
            time = self.random.randrange(-2_200_000_000, 6_300_000_000)
            local = datetime.datetime.fromtimestamp(time, PARIS)
            cases.append((f"jour-of {time}", local.date().isoformat()))
        for year in range(1976, 2100):
            for month in (3, 4, 9, 10):
                last = calendar.monthrange(year, month)[1]
                for hour in (-3, -2, -1, 0, 1, 2, 3):
                    time = int(datetime.datetime(year, month, last,
                                                 tzinfo=datetime.timezone.utc).timestamp()) + hour * 3600
                    cases.append((f"jour-of {time}", datetime.datetime.fromtimestamp(time, PARIS).date().isoformat()))
        self.compare(cases)

    def test_impossible_dates(self):
        refused = ["31/02/2020", "29/02/2021", "29/02/1900", "31/04/2020", "0/1/2020", "1/0/2020", "1/13/2020",
                   "32/1/2020", "1/1/20",
                   "01/01/1899", "01/01/2170", "1/1/20200", "2020-01-01", "01-01-2020", "aujourd'hui", "", "1/1/2020 ",
                   " 1/1/2020",
                   "1//2020", "99999999999", "-99999999999", "12abc", "1.5", "1e9", "+1422745200"]
        self.compare([(f"jour {text}", "refused") for text in refused])

    def test_months_later(self):
        cases = []
        for _ in range(4000):
            start = datetime.date(1950, 1, 1) + datetime.timedelta(days=self.random.randrange(60000))
            months, of_month = self.random.randrange(-60, 240), self.random.randrange(1, 32)
            count = start.year * 12 + start.month - 1 + months
            year, month = divmod(count, 12)
            day = min(of_month, calendar.monthrange(year, month + 1)[1])
            cases.append((f"months {start.isoformat()} {months} {of_month}",
                          datetime.date(year, month + 1, day).isoformat()))
        self.compare(cases)

    def test_amounts_in_words(self):
        """Every rule by example, then thousands of amounts against num2words (Debian's python3-num2words)."""
        rules = {0: "zéro euro", 1: "un centime", 50: "cinquante centimes", 100: "un euro",
                 101: "un euro et un centime",
                 200: "deux euros", 8125: "quatre-vingt-un euros et vingt-cinq centimes", 8000: "quatre-vingts euros",
                 7100: "soixante et onze euros", 7000: "soixante-dix euros", 9100: "quatre-vingt-onze euros",
                 2100: "vingt et un euros", 6100: "soixante et un euros", 20000: "deux cents euros",
                 20100: "deux cent un euros",
                 100000: "mille euros", 100100: "mille un euros", 200000: "deux mille euros",
                 8000000: "quatre-vingt mille euros",
                 20000000: "deux cent mille euros", 100000000: "un million d'euros", 200000000: "deux millions d'euros",
                 100000100: "un million un euros", 8000000000: "quatre-vingts millions d'euros",
                 38000000: "trois cent quatre-vingt mille euros",
                 -87000: "moins huit cent soixante-dix euros",
                 100000000080: "un milliard d'euros et quatre-vingts centimes"}
        self.compare([(f"lettres {cents}", words) for cents, words in rules.items()])
        numbers = sorted(set(range(1, 2101)) | {self.random.randrange(1, 10**k) for k in range(4, 10)
                                                for _ in range(300)})
        done = subprocess.run(["/usr/bin/python3", "-c", "import sys, num2words\nfor n in sys.stdin: "
                                                         "print(num2words.num2words(int(n), lang='fr'))"],
                              input="\n".join(map(str, numbers)), capture_output=True, text=True, timeout=120,
                              check=True)
        cases = []
        for number, words in zip(numbers, done.stdout.splitlines(), strict=True):
            currency = " d'euros" if number % 10**6 == 0 else " euro" if number == 1 else " euros"
            cases.append((f"lettres {number * 100}", words + currency))
        self.compare(cases)

    def test_ventilation(self):
        cases = [("ventilation 40000 30000 1500 16500", "38500 1500 15000"),
                 ("ventilation 1000 30000 1500 0", "0 1000 31500")]
        for _ in range(2000):
            total, loyer, provision, caf = (self.random.randrange(200000) for _ in range(4))
            part = min(total, provision)
            cases.append((f"ventilation {total} {loyer} {provision} {caf}",
                          f"{total - part} {part} {loyer + provision - caf}"))
        self.compare(cases)


if __name__ == "__main__":
    unittest.main()
