namespace Link.Core.HealthChecks;

/// <summary>One check of an endpoint, as etcd and the API carry it: <c>{"type":"TCP","host":"10.0.0.9","port":80}</c>.</summary>
/// <param name="Type">Exactly <c>TCP</c>.</param>
/// <param name="Host">Address or name; resolved at each check.</param>
/// <param name="Port">1 to 65535.</param>
internal sealed record HealthCheck(string Type, string Host, int Port)
{
    public const string Tcp = "TCP";

    private const int MaxHostLength = 255;
    private const int MaxShownLength = 40;
    private const int MaxIntervalSeconds = 3600;
    private const int MaxChecks = 100;

    /// <summary>All that is wrong with an endpoint's checks: field (<c>checks[0].port</c>, <c>healthcheck_interval</c>) to messages. Empty when valid.</summary>
    /// <param name="intervalSeconds">0 (the default interval) to 3600.</param>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Validate(IReadOnlyList<HealthCheck> checks, int intervalSeconds)
    {
        var faults = new Dictionary<string, IReadOnlyList<string>>();
        if (intervalSeconds is < 0 or > MaxIntervalSeconds)
            faults["healthcheck_interval"] = [$"is {intervalSeconds}; must be 0 (the default) to {MaxIntervalSeconds} seconds"];
        if (checks.Count > MaxChecks)
            faults["checks"] = [$"has {checks.Count} checks; {MaxChecks} are the most"];
        for (var i = 0; i < Math.Min(checks.Count, MaxChecks); i++)
            checks[i].AddFaults(faults, $"checks[{i}]");
        return faults;
    }

    public override string ToString() => $"{Type} {(Host.Contains(':') ? $"[{Host}]" : Host)}:{Port}";

    private void AddFaults(Dictionary<string, IReadOnlyList<string>> faults, string place)
    {
        if (Type != Tcp)
            faults[place + ".type"] = [$"is {(Type.Length <= MaxShownLength && !Type.Any(char.IsControl) ? $"\"{Type}\"" : "another text")}; must be {Tcp}"];
        if (Host.Length == 0)
            faults[place + ".host"] = ["is empty; must be an address or a name"];
        else if (Host.Length > MaxHostLength || Host.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c is '/'))
            faults[place + ".host"] = ["is not an address or a name"];
        if (Port is < 1 or > 65535)
            faults[place + ".port"] = [$"is {Port}; must be 1 to 65535"];
    }
}
