using Link.Core.Net;

namespace Link.Core.Plugins.Arp;

/// <summary>What <see cref="ArpOutputs"/> tells the agent, on the loop.</summary>
internal interface IArpEvents
{
    /// <param name="fault">Why the output cannot work; null: it can.</param>
    void OutputChanged(ArpOutput output, string? fault);

    /// <summary>Verdict on a question to the LAN. <paramref name="by"/>: who answered, or why it is not known.</summary>
    void LanVerdict(ArpOutput output, LanVerdict verdict, string by);

    void RivalHeard(ArpOutput output, string mac);

    /// <summary>Something about an output that an operator may want to read.</summary>
    void OutputNotice(ArpOutput? output, bool isWarning, string text);
}
