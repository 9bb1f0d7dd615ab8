namespace Link.Core.Agent;

/// <summary>What the agent does with its endpoints when it is told to stop (<c>ON_STOP</c>).</summary>
internal enum StopPolicy
{
    /// <summary>Leave everything as it is for a quick restart.</summary>
    Keep,

    /// <summary>Hand every endpoint to another host first.</summary>
    Drain,

    /// <summary>Leave everything for a LinK agent that takes this one's place: addresses for ever, and no key of ours that says that our agent runs.</summary>
    Leave,
}
