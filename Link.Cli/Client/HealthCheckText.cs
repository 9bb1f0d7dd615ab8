using System.Globalization;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client;

/// <summary>Checks as people write them: <c>TCP 10.0.0.9:80</c>.</summary>
internal static class HealthCheckText
{
    /// <param name="options">Values of --health-check; one value may hold several, by commas, as with LinK.</param>
    /// <param name="words">LinK 2's form: TYPE HOST:PORT, as words.</param>
    public static IReadOnlyList<HealthCheckContract> Parse(IEnumerable<string> options, IReadOnlyList<string> words)
    {
        List<HealthCheckContract> checks = [];
        foreach (string text in options.SelectMany(option => option.Split(',')))
        {
            string[] parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            checks.Add(parts.Length == 2
                ? Parse(parts[0], parts[1])
                : throw new UsageException($"--health-check \"{text}\" is no check; write it in quotes: --health-check \"TCP HOST:PORT\""));
        }

        if (words.FirstOrDefault(word => word.StartsWith('-')) is { } option)
        {
            throw new UsageException($"{option} is no option here");
        }

        if (words.Count % 2 != 0)
        {
            throw new UsageException($"{words[^1]} is one word too many; checks are pairs of TYPE HOST:PORT");
        }

        for (int i = 0; i < words.Count; i += 2)
        {
            checks.Add(Parse(words[i], words[i + 1]));
        }

        return checks;
    }

    public static string Format(IReadOnlyList<HealthCheckContract> checks) =>
        string.Join(",", checks.Select(check => check.Host.Contains(':') ? $"{check.Type} [{check.Host}]:{check.Port}" : $"{check.Type} {check.Host}:{check.Port}"));

    private static HealthCheckContract Parse(string type, string target)
    {
        int colon = target.LastIndexOf(':');
        string host = colon < 0 ? "" : target[..colon];
        bool bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (bracketed)
        {
            host = host[1..^1];
        }

        if (host.Length == 0
            || (!bracketed && host.Contains(':'))
            || !int.TryParse(target.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port))
        {
            throw new UsageException($"{target} is no HOST:PORT; write a check as TCP 10.0.0.9:80 or TCP [2001:db8::9]:80");
        }

        return new HealthCheckContract(type.ToUpperInvariant(), host, port);
    }
}
