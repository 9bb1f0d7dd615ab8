namespace Link.Core.Plugins;

/// <summary>The output of an endpoint that this host can compete for no more than name: something that it needs is missing. Its endpoint is FAILING.</summary>
internal sealed class UnusableOutput(string endpointId, string fault) : IOutput
{
    public string EndpointId => endpointId;

    public bool IsOnLan => false;

    public string? Fault => fault;

    public void Activate(int? lifetimeSeconds, long revision) => throw new InvalidOperationException($"Endpoint {endpointId} cannot be activated: {fault}");

    public void Extend(int? lifetimeSeconds)
    {
    }

    public void Deactivate()
    {
    }

    public void Announce()
    {
    }

    public void Silence()
    {
    }

    public void AskLan()
    {
    }

    public void Remove()
    {
    }
}
