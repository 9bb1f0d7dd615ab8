using System.Globalization;

namespace Link.Tests.Bed;

/// <summary>Answers of one host in a row, without a pause of 50 ms or more. Milliseconds after the event.</summary>
internal readonly record struct AnswerRun(string Host, double From, double To, int Count)
{
    internal static IReadOnlyList<AnswerRun> Of(IReadOnlyList<Answer> answers, TestBed bed, long at)
    {
        var runs = new List<AnswerRun>();
        var from = default(MacAddress);
        foreach (var answer in answers)
        {
            var ms = Math.Round(BedClock.Milliseconds(answer.At - at), 1);
            if (runs.Count > 0 && from == answer.From && ms - runs[^1].To < 50)
            {
                runs[^1] = runs[^1] with { To = ms, Count = runs[^1].Count + 1 };
                continue;
            }
            from = answer.From;
            runs.Add(new AnswerRun(bed.HostOf(from)?.Name ?? from.ToString(), ms, ms, 1));
        }
        return runs;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Host} {From}..{To}");
}
