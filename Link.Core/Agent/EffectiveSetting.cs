namespace Link.Core.Agent;

/// <summary>One line of <c>link agent --check-config</c>.</summary>
/// <param name="Value">As it would be written in the environment; secrets are <c>***</c>, nothing is empty.</param>
/// <param name="FromEnvironment">False: the default.</param>
internal sealed record EffectiveSetting(string Variable, string Value, bool FromEnvironment)
{
    public override string ToString() => $"{Variable}={Value} ({(FromEnvironment ? "environment" : "default")})";
}
